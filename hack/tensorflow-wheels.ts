import { RunError } from '../src/lib/errors.ts';

/** `cpu` runs anywhere; `gpu` adds NVIDIA's libraries and falls back to the CPU where there is no GPU. */
export type Flavour = 'cpu' | 'gpu';
export const flavours: readonly Flavour[] = ['cpu', 'gpu'];

/** One wheel of a Python package index, pinned by the hash of its content. */
export interface Wheel {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  /** Folder inside the wheel that is kept, under the same name: the libraries find each other by it ($ORIGIN/../nvidia/...). */
  readonly folder: string;
  /** What of that folder is kept: start of the path below it. */
  readonly take: readonly string[];
  /** Size of what is kept, in megabytes. */
  readonly megabytes: number;
}

export const tensorflowVersion = '2.21.0';

/** Free space that a wheel needs while it is unpacked: packed, it is hardly larger than what is kept of it. */
export const neededMegabytes = (wheel: Wheel): number => 2 * wheel.megabytes + 10;

const tensorflow = (name: string, megabytes: number, sha256: string): Wheel => ({
  name,
  version: tensorflowVersion,
  sha256,
  folder: 'tensorflow',
  take: [
    'libtensorflow_cc.so.2',
    'libtensorflow_framework.so.2',
    'THIRD_PARTY_NOTICES.txt',
    ...['c', 'core/framework', 'core/lib', 'core/platform', 'core/protobuf', 'core/util'].map(
      (folder) => `include/tensorflow/${folder}/`,
    ),
    ...['tsl', 'xla/tsl', 'absl', 'google/protobuf', 'Eigen', 'unsupported/Eigen', 'ml_dtypes'].map(
      (folder) => `include/${folder}/`,
    ),
  ],
  megabytes,
});

const nvidia = (folder: string, version: string, megabytes: number, sha256: string): Wheel => ({
  name: `nvidia-${folder.replaceAll('_', '-')}-cu12`,
  version,
  sha256,
  folder: `nvidia/${folder}`,
  // ptxas and libdevice of cuda_nvcc are what XLA compiles with
  take: ['lib/', 'bin/', 'nvvm/'],
  megabytes,
});

const cpuX64 = tensorflow('tensorflow-cpu', 910, '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c');
const cpuArm64 = tensorflow('tensorflow', 950, '4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c');

/** The wheel `tensorflow` with its extra `and-cuda`, resolved once and pinned. */
const gpuX64: readonly Wheel[] = [
  tensorflow('tensorflow', 1315, '9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124'),
  nvidia('cublas', '12.9.3.13', 856, 'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72'),
  nvidia('cuda_cupti', '12.8.90', 42, 'ea0cb07ebda26bb9b29ba82cda34849e73c166c18162d3913575b0c9db9a6182'),
  nvidia('cuda_nvcc', '12.9.86', 99, '5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0'),
  nvidia('cuda_nvrtc', '12.9.86', 228, '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4'),
  nvidia('cuda_runtime', '12.9.79', 1, '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3'),
  nvidia('cudnn', '9.28.0.42', 1163, '9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375'),
  nvidia('cufft', '11.4.1.4', 295, 'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28'),
  nvidia('curand', '10.3.10.19', 168, '49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e'),
  nvidia('cusolver', '11.7.5.82', 496, '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88'),
  nvidia('cusparse', '12.5.10.65', 488, '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78'),
  nvidia('nccl', '2.32.3', 490, 'bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c'),
  nvidia('nvjitlink', '12.9.86', 96, 'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9'),
];

const wheels: Readonly<Record<string, readonly Wheel[]>> = {
  'cpu linux x64': [cpuX64],
  'cpu linux arm64': [cpuArm64],
  'gpu linux x64': gpuX64,
};

/** The wheels of a flavour on a platform. Throws RunError where there are none. */
export function wheelsFor(flavour: Flavour, platform: string, arch: string): readonly Wheel[] {
  const found = wheels[`${flavour} ${platform} ${arch}`];
  if (found === undefined) {
    throw new RunError(
      `TensorFlow (${flavour}) cannot be set up on ${platform} ${arch}.`,
      `Use one of: ${Object.keys(wheels).join(', ')}.`,
    );
  }
  return found;
}

/** Tags that pip is asked for, whatever Python it runs on itself: the wheel is unpacked, never imported. */
export const platformTags = (arch: string): readonly string[] =>
  ['manylinux_2_27', 'manylinux_2_17', 'manylinux2014'].map(
    (tag) => `${tag}_${arch === 'arm64' ? 'aarch64' : 'x86_64'}`,
  );
