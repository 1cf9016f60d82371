import { orStop } from '../backends/running.ts';
import { Environment } from './environment.ts';
import type { Operator } from './operator.ts';
import { Tenant } from './tenant.ts';

/** A cluster, an AWS, and one operator at a time, which can be made to die at any moment. */
export class Lab {
  #operator: Operator | undefined;

  private constructor(readonly environment: Environment) {}

  static async start(): Promise<Lab> {
    const environment = await Environment.start();
    environment.front.state.timing.deployMillis = 200;
    return Lab.#in(environment);
  }

  /** Another cluster with the same AWS. */
  async another(): Promise<Lab> {
    return Lab.#in(await this.environment.another());
  }

  static async #in(environment: Environment): Promise<Lab> {
    await orStop([environment], () => environment.install());
    return new Lab(environment);
  }

  /** The UID of namespace kube-system. */
  home(): Promise<string> {
    return this.environment.kubectl(['get', 'namespace', 'kube-system', '-o', 'jsonpath={.metadata.uid}']);
  }

  tenant(name: string): Promise<Tenant> {
    return Tenant.create(this.environment, name);
  }

  /** Where there is one already, it dies first. */
  async startOperator(config: Readonly<Record<string, unknown>> = {}): Promise<Operator> {
    await this.killOperator();
    this.#operator = await this.environment.startOperator(config);
    return this.#operator;
  }

  /** kill -9. */
  async killOperator(): Promise<void> {
    await this.#operator?.kill();
  }

  /** kill -9 when the next such call has taken effect and before it is answered. Resolves when the operator is dead. */
  killAt(operation: string): Promise<void> {
    return this.#killAt(operation, 'tookEffect');
  }

  /** kill -9 when the next such call is made, whatever it would be answered. Resolves when the operator is dead. */
  killBefore(operation: string): Promise<void> {
    return this.#killAt(operation, 'lost');
  }

  #killAt(operation: string, kind: 'tookEffect' | 'lost'): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const then = async () => {
      await this.killOperator();
      resolve();
    };
    this.environment.front.fail(operation, { kind, then });
    // A test that fails for another reason does not wait for this.
    promise.catch(() => {});
    setTimeout(() => reject(new Error(`${operation} was not reached in 60 s`)), 60_000).unref();
    return promise;
  }

  stop(): Promise<void> {
    return this.environment.stop();
  }
}
