import type { LogFields, Logger, LogLevel } from '../../src/observability/logger.ts';

export interface LogLine extends LogFields {
  readonly level: LogLevel;
  readonly message: string;
}

/** Keeps what was logged. */
export class FakeLogger implements Logger {
  constructor(
    readonly lines: LogLine[] = [],
    private readonly fields: LogFields = {},
  ) {}

  error(message: string, fields?: LogFields) {
    this.lines.push({ ...this.fields, ...fields, level: 'error', message });
  }

  warn(message: string, fields?: LogFields) {
    this.lines.push({ ...this.fields, ...fields, level: 'warn', message });
  }

  info(message: string, fields?: LogFields) {
    this.lines.push({ ...this.fields, ...fields, level: 'info', message });
  }

  debug(message: string, fields?: LogFields) {
    this.lines.push({ ...this.fields, ...fields, level: 'debug', message });
  }

  child(fields: LogFields): Logger {
    return new FakeLogger(this.lines, { ...this.fields, ...fields });
  }
}
