import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A machine of a test's own making: a home folder, and a PATH with only the programs that the test installs. */
export class FakeMachine {
  readonly home = mkdtempSync(join(tmpdir(), 'irsa-setup-'));
  readonly env: Record<string, string> = { PATH: join(this.home, 'bin'), HOME: this.home };

  /** Puts a program on the PATH that notes down how it was called. */
  install(name: string, script: string): void {
    writeProgram(join(this.home, 'bin', name), `echo "${name} $*" >> ${this.home}/calls\n${script}`);
  }

  uninstall(name: string): void {
    rmSync(join(this.home, 'bin', name));
  }

  calls(): string[] {
    const file = join(this.home, 'calls');
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : [];
  }

  remove(): void {
    rmSync(this.home, { recursive: true });
  }
}

export function writeProgram(path: string, script = ''): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\nPATH=/usr/bin:/bin\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

/** Like Go, whose `go build` makes the file that stands after `-o`. */
export const go = (version: string, build = 'echo built > "$out"') => `
if [ "$1" = env ]; then echo ${version}; exit; fi
while [ $# -gt 0 ]; do [ "$1" = -o ] && out=$2; shift; done
${build}
chmod +x "$out"`;

/** Like Python, whose `-m venv` makes a folder with another Python, which has the pinned moto if pip works. */
export const python = (installedMoto: string, pip = 'exit 0') => `
[ "$1" = -c ] && { echo "${installedMoto}"; exit; }
[ "$1 $2" = "-m venv" ] && { mkdir -p $3/bin; printf '#!/bin/sh\\n[ "$1" = -c ] && { echo 5.2.5; exit; }\\n${pip}\\n' > $3/bin/python; chmod +x $3/bin/python; }`;

/** Like npm, which installs a Node among the packages. */
export const npm = (nodeVersion: string) => `
mkdir -p node_modules/.bin
printf '#!/bin/sh\\necho ${nodeVersion}\\n' > node_modules/.bin/node
chmod +x node_modules/.bin/node`;
