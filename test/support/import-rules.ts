import { dirname, join } from 'node:path/posix';
import { parse } from '@babel/parser';

/** A parsed source file: what it imports, and what of time and chance it touches. */
export interface Source {
  /** Path below the repository, such as `src/nas/cost.ts`. */
  readonly path: string;
  readonly lines: number;
  /** Module names as written, of imports, re-exports, `import()` and types. */
  readonly imports: readonly string[];
  readonly ambient: readonly string[];
}

/** A node of the syntax tree, as far as this file looks at it. */
type Node = Readonly<Record<string, unknown>> & { readonly type: string };

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';

export function parseSource(path: string, text: string): Source {
  const [imports, ambient]: [string[], string[]] = [[], []];
  const tree: unknown = parse(text, { sourceType: 'module', plugins: ['typescript', 'explicitResourceManagement'] });
  visit(tree, (node) => {
    const name = importedModule(node);
    if (name !== undefined) imports.push(name);
    const touched = ambientOf(node);
    if (touched !== undefined) ambient.push(touched);
  });
  return { path, lines: text.trimEnd().split('\n').length, imports, ambient };
}

function visit(value: unknown, see: (node: Node) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) visit(item, see);
  } else if (isNode(value)) {
    see(value);
    for (const [key, child] of Object.entries(value)) if (!key.endsWith('omments')) visit(child, see);
  }
}

const stringOf = (value: unknown): string | undefined =>
  isNode(value) && value.type === 'StringLiteral' && typeof value.value === 'string' ? value.value : undefined;

const nameOf = (value: unknown): string | undefined =>
  isNode(value) && value.type === 'Identifier' && typeof value.name === 'string' ? value.name : undefined;

function importedModule(node: Node): string | undefined {
  if (/^(Import|ExportNamed|ExportAll)Declaration$/.test(node.type)) return stringOf(node.source);
  if (node.type === 'ImportExpression') return stringOf(node.source);
  if (node.type === 'TSImportType') return stringOf(node.argument);
  const callee = node.callee;
  if (node.type !== 'CallExpression' || !isNode(callee) || !Array.isArray(node.arguments)) return undefined;
  return callee.type === 'Import' || nameOf(callee) === 'require' ? stringOf(node.arguments[0]) : undefined;
}

const clockAndChance = ['Date.now', 'Math.random', 'performance.now'];
const timers = ['setTimeout', 'setInterval', 'setImmediate'];

function ambientOf(node: Node): string | undefined {
  if (node.type === 'MemberExpression') {
    const name = `${nameOf(node.object)}.${nameOf(node.property)}`;
    return clockAndChance.find((forbidden) => forbidden === name);
  }
  return timers.find((timer) => timer === nameOf(node));
}

/** Which folders of `src` a folder may import, itself aside. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  crds: ['lib'],
  kube: ['lib', 'crds'],
  graph: ['lib'],
  nas: ['lib', 'graph'],
  planner: ['lib', 'nas'],
  train: ['lib', 'graph', 'nas'],
  controllers: ['lib', 'crds', 'kube', 'nas', 'planner'],
  store: ['lib', 'crds'],
  server: ['lib', 'crds'],
};

/** A folder's own words for a plan, which those who carry it out or keep it may import. */
const plannerTypes = 'src/planner/types.ts';
const mayImportPlannerTypes = ['train', 'store', 'server'];

const packageOwners: readonly { readonly prefix: string; readonly owner: string }[] = [
  { prefix: '@tensorflow/', owner: 'src/graph/session.ts' },
  { prefix: '@kubernetes/client-node', owner: 'src/kube/' },
];

const withoutAmbient = ['nas', 'planner', 'controllers'];
const withoutTensors = ['planner', 'controllers'];
const longest = 300;

/** Every breach of the design's directions, each as one line that names the file and the rule. */
export function breaches(sources: readonly Source[]): string[] {
  const inSrc = sources.filter(({ path }) => path.startsWith('src/'));
  return [
    ...inSrc.flatMap(directionBreaches),
    ...inSrc.flatMap(packageBreaches),
    ...inSrc.filter(({ path }) => withoutAmbient.includes(areaOf(path))).flatMap(ambientBreaches),
    ...tensorBreaches(inSrc),
    ...sources
      .filter(({ lines }) => lines > longest)
      .map(({ path, lines }) => `${path}: ${lines} lines, over ${longest}`),
  ];
}

/** `nas` of `src/nas/cost.ts`. */
const areaOf = (path: string): string => path.split('/')[1] ?? '';

const resolveImport = (from: string, name: string): string | undefined =>
  name.startsWith('.') ? join(dirname(from), name) : undefined;

const ownImports = ({ path, imports }: Source): string[] =>
  imports.flatMap((name) => resolveImport(path, name) ?? []).filter((target) => target.startsWith('src/'));

function directionBreaches(source: Source): string[] {
  const from = areaOf(source.path);
  if (from === 'cli') return [];
  const allowed = mayImport[from];
  if (allowed === undefined) return [`${source.path}: the folder ${from} has no place in the design's directions`];
  return ownImports(source)
    .filter((target) => areaOf(target) !== from && !allowed.includes(areaOf(target)))
    .filter((target) => !(target === plannerTypes && mayImportPlannerTypes.includes(from)))
    .map((target) => `${source.path}: ${from} may not import ${target}`);
}

const packageBreaches = ({ path, imports }: Source): string[] =>
  packageOwners.flatMap(({ prefix, owner }) =>
    path.startsWith(owner)
      ? []
      : imports.filter((name) => name.startsWith(prefix)).map((name) => `${path}: only ${owner} may import ${name}`),
  );

const ambientBreaches = ({ path, ambient }: Source): string[] =>
  [...new Set(ambient)].map((name) => `${path}: ${name} is used; time and chance are arguments here`);

/** Chains of imports by which a folder without tensors would come to them. */
function tensorBreaches(sources: readonly Source[]): string[] {
  const byPath = new Map(sources.map((source) => [source.path, source]));
  return sources
    .filter(({ path }) => withoutTensors.includes(areaOf(path)))
    .flatMap((source) => {
      const chain = chainToTensors(source, byPath);
      return chain === undefined ? [] : [`${source.path}: reaches tensors by ${chain.join(' -> ')}`];
    });
}

/** The shortest chain of imports from `start` into graph or train, undefined where there is none. */
function chainToTensors(start: Source, byPath: ReadonlyMap<string, Source>): string[] | undefined {
  const chains: string[][] = [[start.path]];
  const seen = new Set([start.path]);
  for (const chain of chains) {
    const last = chain.at(-1) ?? '';
    if (['graph', 'train'].includes(areaOf(last))) return chain;
    const source = byPath.get(last);
    for (const target of source === undefined ? [] : ownImports(source)) {
      if (seen.has(target)) continue;
      seen.add(target);
      chains.push([...chain, target]);
    }
  }
  return undefined;
}
