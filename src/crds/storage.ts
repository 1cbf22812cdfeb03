/** Where data lies and where results go: a claim of the namespace, or S3. */
import { objectName, relativePath, s3Url } from './fields.ts';
import { choice, exactlyOne, type Infer, integer, number, object, optional, text, withDefault } from './schema.ts';

const claimName = objectName('Name of a PersistentVolumeClaim in the same namespace.');

/** A place in a claim; the whole claim where no path is given. */
const claim = (pathDescription: string) =>
  object(
    { claimName, path: optional(relativePath(pathDescription)) },
    { description: 'A PersistentVolumeClaim of the same namespace.' },
  );

/** A place in S3 or whatever speaks its protocol. */
const s3 = (urlDescription: string) =>
  object(
    {
      url: s3Url(urlDescription),
      endpoint: optional(
        text({
          description: "Address of the S3 service, such as https://minio.example.com:9000. AWS's own where absent.",
          pattern: '^https?://[A-Za-z0-9.:\\[\\]-]+(/[^?#\\s]*)?$',
          wanted: 'an http or https address',
          maxLength: 512,
        }),
      ),
      region: optional(
        text({
          description: 'Region of the bucket. us-east-1 where absent.',
          pattern: '^[a-z0-9-]+$',
          wanted: 'a region, such as eu-central-1',
          maxLength: 64,
        }),
      ),
      secretName: objectName(
        'Name of a Secret in the same namespace with the keys AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and ' +
          'AWS_SESSION_TOKEN where they are temporary. Only the pods of this object read it.',
      ),
    },
    { description: 'A place in S3, or in a service that speaks its protocol.' },
  );

const images = {
  claim: claim('Folder or archive of the images inside the claim. The whole claim where absent.'),
  s3: s3('Prefix (folder) or key (archive) of the images.'),
} as const;

const format = withDefault(
  choice(
    ['folder', 'archive'],
    'folder: one folder of images for each class. archive: one .tar, .tar.gz, .tgz or .zip file with such folders.',
  ),
  'folder',
);

const validationShare = withDefault(
  number({
    description:
      'Share of the images that is held back to measure accuracy, where the data set has no split of its own.',
    min: 0.05,
    max: 0.5,
  }),
  0.2,
);

interface InClaim {
  readonly claim?: { readonly path?: string };
}

/** The images, and how they are split. */
export const dataSource = (description: string) =>
  exactlyOne(
    images,
    { format, validationShare },
    {
      description,
      rules: [
        {
          rule: "self.format != 'archive' || !has(self.claim) || has(self.claim.path)",
          message: 'An archive in a claim needs its path.',
          holds: (value: InClaim & { readonly format: string }) =>
            value.format !== 'archive' || value.claim === undefined || value.claim.path !== undefined,
        },
      ],
    },
  );

/** One file of weights. */
export const weightsSource = (description: string) =>
  exactlyOne(
    { claim: claim('The file of weights inside the claim.'), s3: s3('Key of the file of weights.') },
    {},
    {
      description,
      rules: [
        {
          rule: '!has(self.claim) || has(self.claim.path)',
          message: 'A file of weights in a claim needs its path.',
          holds: (value: InClaim) => value.claim === undefined || value.claim.path !== undefined,
        },
      ],
    },
  );

export const output = (description: string) =>
  exactlyOne(
    {
      claim: claim("Folder inside the claim. The claim's root where absent."),
      s3: s3('Prefix below which to write.'),
    },
    {},
    { description },
  );

/** Where an artifact came to lie. */
export const artifact = (description: string) =>
  exactlyOne(
    {
      url: s3Url('Prefix of the artifact in S3.'),
      claim: object(
        { claimName, path: relativePath('Folder of the artifact inside the claim.') },
        { description: 'Place of the artifact in a claim.' },
      ),
    },
    { bytes: optional(integer({ description: 'Size of all its files.', min: 0 })) },
    { description },
  );

export type DataSource = Infer<ReturnType<typeof dataSource>>;
export type WeightsSource = Infer<ReturnType<typeof weightsSource>>;
export type Output = Infer<ReturnType<typeof output>>;
export type Artifact = Infer<ReturnType<typeof artifact>>;
export type S3Place = Infer<ReturnType<typeof s3>>;
export type ClaimPlace = Infer<ReturnType<typeof claim>>;
