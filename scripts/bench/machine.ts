import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const mebibyte = 1024 * 1024;

/** The names of the files of one version of Linux' control groups. */
interface Files {
  readonly limit: string;
  readonly usage: string;
  readonly peak: string;
}

/** https://docs.kernel.org/admin-guide/cgroup-v2.html and https://docs.kernel.org/admin-guide/cgroup-v1/memory.html */
const versions: readonly { readonly root: string; readonly marker: string; readonly files: Files }[] = [
  {
    root: '/sys/fs/cgroup',
    marker: 'cgroup.controllers',
    files: { limit: 'memory.max', usage: 'memory.current', peak: 'memory.peak' },
  },
  {
    root: '/sys/fs/cgroup/memory',
    marker: 'memory.limit_in_bytes',
    files: { limit: 'memory.limit_in_bytes', usage: 'memory.usage_in_bytes', peak: 'memory.max_usage_in_bytes' },
  },
];

/** In MiB: the memory limit of config/manager/deployment.yaml. */
export async function shippedLimit(): Promise<number> {
  const deployment = await readFile(new URL('../../config/manager/deployment.yaml', import.meta.url), 'utf8');
  const [, mebibytes] = /limits:\s+memory: (\d+)Mi\b/.exec(deployment) ?? [];
  if (mebibytes === undefined) throw new Error('config/manager/deployment.yaml has no memory limit in Mi');
  return Number(mebibytes);
}

/** A control group with a memory limit of its own. What exceeds the limit is killed, as in a pod. */
export class ControlGroup {
  private constructor(
    private readonly directory: string,
    private readonly files: Files,
  ) {}

  /** Undefined where this user may make none. */
  static create(limitMiB: number): ControlGroup | undefined {
    const version = versions.find(({ root, marker }) => existsSync(join(root, marker)));
    if (!version) return undefined;
    const group = new ControlGroup(join(version.root, `irsa-bench-${process.pid}`), version.files);
    try {
      mkdirSync(group.directory);
      writeFileSync(join(group.directory, group.files.limit), String(limitMiB * mebibyte));
      process.on('exit', () => group.remove());
      return group;
    } catch {
      group.remove();
      return undefined;
    }
  }

  /** The file that moves a process into the group when its id is written there. */
  get members(): string {
    return join(this.directory, 'cgroup.procs');
  }

  /** MiB now, page cache included. */
  get usage(): number {
    return this.#read(this.files.usage);
  }

  /** MiB at the most since the group was made, page cache included. */
  get peak(): number {
    return this.#read(this.files.peak);
  }

  remove(): void {
    try {
      rmdirSync(this.directory);
    } catch {
      // It was never made, or a process in it has not ended yet.
    }
  }

  #read(file: string): number {
    return Number(readFileSync(join(this.directory, file), 'utf8')) / mebibyte;
  }
}

/**
 * A program that starts Node.js in the control group, if there is one, and writes its process id to a file. Flags in
 * IRSA_BENCH_FLAGS come before those of the image, for profiles.
 */
export class NodeLauncher {
  private constructor(
    readonly program: string,
    private readonly pidFile: string,
  ) {}

  static async create(directory: string, group: ControlGroup | undefined): Promise<NodeLauncher> {
    const launcher = new NodeLauncher(join(directory, 'node'), join(directory, 'pid'));
    const script = [
      '#!/bin/sh',
      `echo $$ > '${launcher.pidFile}'`,
      ...(group ? [`echo $$ > '${group.members}'`] : []),
      `exec '${process.execPath}' $IRSA_BENCH_FLAGS "$@"`,
    ];
    await writeFile(launcher.program, `${script.join('\n')}\n`);
    await chmod(launcher.program, 0o755);
    return launcher;
  }

  /** Of the last process that was started; undefined when it is gone. */
  look(): ProcessFigures | undefined {
    try {
      const pid = readFileSync(this.pidFile, 'utf8').trim();
      return figuresOf(pid);
    } catch {
      return undefined;
    }
  }
}

export interface ProcessFigures {
  /** MiB resident now and at the most, the mapped pages of Node.js' own binary included. */
  readonly rss: number;
  readonly peakRSS: number;
  /** In user and kernel mode, from the start of the process. */
  readonly cpuSeconds: number;
}

function figuresOf(pid: string): ProcessFigures {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kibibytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1]);
  // The name of the program, in parentheses, may hold spaces.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return {
    rss: kibibytes('VmRSS') / 1024,
    peakRSS: kibibytes('VmHWM') / 1024,
    cpuSeconds: ticks / ticksPerSecond(),
  };
}

const ticksPerSecond = () => Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
