/**
 * Jest runs tests in a sandbox with an Error of its own, and what node's sockets throw is none of that to `instanceof`,
 * by which the SDK tells errors. Outside of jest there is one Error only.
 */
export function shareErrorsWithNode(): void {
  const isOwn = Function.prototype[Symbol.hasInstance];
  Object.defineProperty(Error, Symbol.hasInstance, {
    value(this: unknown, candidate: unknown): boolean {
      const tag = Object.prototype.toString.call(candidate);
      return Reflect.apply(isOwn, this, [candidate]) || (this === Error && tag === '[object Error]');
    },
  });
}
