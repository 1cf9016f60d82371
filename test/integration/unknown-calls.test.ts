import { GetBucketWebsiteCommand } from '@aws-sdk/client-s3';
import { expect, test } from '@jest/globals';
import { Environment } from '../environment/environment.ts';

test('an environment in which a call could not be named fails when it stops, and stops all the same', async () => {
  const environment = await Environment.start();
  const { s3 } = await environment.account('111122223333');
  await expect(s3.send(new GetBucketWebsiteCommand({ Bucket: 'some-bucket' }))).rejects.toThrow(
    'the front cannot name',
  );
  environment.front.clearCalls();
  const { url } = environment.front;
  await expect(environment.stop()).rejects.toThrow('the front could not name calls to s3');
  await expect(fetch(url)).rejects.toThrow();
});
