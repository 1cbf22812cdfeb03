/** Suites that take long, the longest first; the others follow. */
const long = [
  'integration/operator/rights',
  'integration/operator/leadership',
  'integration/operator/histories',
  'integration/',
  'cli/pod/trainer',
  'cli/pod/zoo-jobs',
  'cli/search/search',
  'cli/tune',
  'nas/training-model',
  'cli/pod/made-zoo',
  'train/fine-tune',
  'bench/zoo',
  'store/',
  'hack/cluster/control-plane',
  'cli/bad-input-runs',
  'nas/nsga2.',
  'train/image-cache',
];

const placeOf = (path) => {
  const place = long.findIndex((part) => path.includes(`/test/${part}`));
  return place < 0 ? long.length : place;
};

/** Jest knows how long a suite takes only once it has run on this machine; a long one that begins last is waited for. */
export default class LongestFirst {
  sort(tests) {
    return tests.toSorted((a, b) => placeOf(a.path) - placeOf(b.path) || a.path.localeCompare(b.path));
  }
  allFailedTests(tests) {
    return tests;
  }
  cacheResults() {}
}
