import { spawn } from 'node:child_process';

/** A loopback URL behind which the API server takes requests as the kubeconfig's user, until `stop`. */
export async function kubectlProxy(kubeconfig: string): Promise<{ url: string; stop: () => void }> {
  const process = spawn('kubectl', ['--kubeconfig', kubeconfig, 'proxy', '--port=0']);
  const url = await new Promise<string>((resolve, reject) => {
    process.on('error', reject).on('close', () => reject(new Error('kubectl proxy ended before it was ready')));
    process.stdout.on('data', (chunk: Buffer) => {
      const address = /127\.0\.0\.1:\d+/.exec(chunk.toString());
      if (address) resolve(`http://${address[0]}`);
    });
  });
  return { url, stop: () => process.kill() };
}
