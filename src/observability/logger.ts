import { createLogger as createWinston, format, transports, type Logger as Winston } from 'winston';

/** Only the messages of an error and of its causes are logged. Other fields could hold what was sent, and so secrets. */
export type LogFields = Readonly<Record<string, unknown>>;

export const logLevels = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof logLevels)[number];

/** The message is fixed. What varies goes into fields. */
export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
  /** A logger that adds these fields to each line. */
  child(fields: LogFields): Logger;
}

/** JSON lines, by default to standard output. */
export function createLogger(options: { readonly level: LogLevel; readonly stream?: NodeJS.WritableStream }): Logger {
  const transport = options.stream
    ? new transports.Stream({ stream: options.stream })
    : new transports.Stream({ stream: process.stdout });
  return new JsonLogger(
    createWinston({
      level: options.level,
      format: format.combine(format.timestamp(), format.json()),
      transports: [transport],
    }),
    {},
  );
}

class JsonLogger implements Logger {
  constructor(
    private readonly winston: Winston,
    private readonly fields: LogFields,
  ) {}

  error(message: string, fields?: LogFields) {
    this.write('error', message, fields);
  }

  warn(message: string, fields?: LogFields) {
    this.write('warn', message, fields);
  }

  info(message: string, fields?: LogFields) {
    this.write('info', message, fields);
  }

  debug(message: string, fields?: LogFields) {
    this.write('debug', message, fields);
  }

  child(fields: LogFields): Logger {
    return new JsonLogger(this.winston, { ...this.fields, ...fields });
  }

  private write(level: LogLevel, message: string, fields: LogFields = {}) {
    const { error, ...rest } = { ...this.fields, ...fields };
    this.winston.log({ ...rest, level, message, ...(error === undefined ? {} : { error: errorText(error) }) });
  }
}

/** The messages of an error and of its causes, outermost first. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${errorText(error.cause)}`;
}
