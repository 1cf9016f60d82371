import { jest } from '@jest/globals';

// For every test, beforeAll and afterAll that says nothing else: on a busy machine a control plane takes long to start.
jest.setTimeout(60_000);
