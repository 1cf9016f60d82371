import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CertificateAuthority } from '../certificates.ts';
import { writeCertificate, writeSigningKey, type CertificateFiles } from './certificates.ts';

/** What a control plane uses where its options say nothing. */
export interface ControlPlaneDefaults {
  readonly issuer: string;
  readonly signingKeyFile: string;
  readonly publicKeyFile: string;
}

/** What the servers of a control plane read. */
export interface Files {
  readonly ca: CertificateAuthority;
  readonly caFile: string;
  readonly serving: CertificateFiles;
  readonly defaults: ControlPlaneDefaults;
}

export async function writeFiles(dir: string): Promise<Files> {
  const ca = await CertificateAuthority.create('test-control-plane');
  const caFile = join(dir, 'ca.crt');
  await writeFile(caFile, ca.certificate);
  const hosts = ['127.0.0.1', 'localhost', 'kubernetes.default.svc'];
  const serving = await ca.issue({ subject: 'CN=kube-apiserver', hosts });
  const key = await writeSigningKey(dir, 'service-accounts');
  return {
    ca,
    caFile,
    serving: await writeCertificate(dir, 'kube-apiserver', serving),
    defaults: {
      issuer: 'https://kubernetes.default.svc.cluster.local',
      signingKeyFile: key.keyFile,
      publicKeyFile: key.publicKeyFile,
    },
  };
}
