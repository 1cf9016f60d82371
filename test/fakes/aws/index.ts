export { FakeAws, type Call } from './fake-aws.ts';
export { ServiceError } from './service.ts';
export { scope } from './scope.ts';
