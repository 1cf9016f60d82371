# Builds the one-file bundle and runs it as nobody. The root file system can be read-only: the operator writes no file,
# and Node's permission model keeps it from trying.
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# Not `npm ci`: it refuses a lock file without the packages of other platforms, some of which not every registry has.
RUN npm install --no-audit --no-fund
COPY scripts/build.mjs scripts/
COPY tsconfig.json ./
COPY src src
RUN npm run build

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production
# Parsing the bundle takes 20 MB for a moment. Without these glibc keeps them for good. docs/sizing.md has what each setting saves.
ENV MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=65536
COPY --from=build /build/dist /app
# A number, for Kubernetes cannot tell of a name that it is not root's.
USER 65534:65534
ENTRYPOINT ["node", "--permission", "--allow-fs-read=*", "--max-semi-space-size=4", "--optimize-for-size", "/app/main.js"]
