/** The reference page of the API, from the schemas: every field, rule, condition and reason. */
import type { ConditionTable } from '../src/crds/conditions.ts';
import { apiVersion } from '../src/crds/group.ts';
import type { KindDefinition } from '../src/crds/kinds.ts';
import { resourceRules } from '../src/crds/parse-resource.ts';
import type { Node, Presence, Schema, TextNode } from '../src/crds/schema.ts';
import { exitCodes, trainerFailures } from '../src/crds/trainer-job.ts';

const introduction = `# API reference
<!-- Written by hack/generate-api.ts from src/crds; do not edit. -->
Everything is namespaced and of \`${apiVersion}\`. \`kubectl explain finetunetask.spec\` tells the same.

- The API server refuses an object that breaks a limit or a rule below, and says which.
- What only the cluster or the data can show becomes a condition with one of the reasons below.
- Fields are changed in place only where no rule forbids it; else create a new object.
- Durations are written as \`90s\`, \`5m\`, \`1h30m\` or \`2d\`, quantities as \`4\`, \`500m\` or \`8Gi\`.
- A field without a default and not marked as required may be left out.
`;

/** Markdown, with one final newline. */
export function apiReference(kinds: readonly KindDefinition[]): string {
  return `${[introduction.trimEnd(), ...kinds.map(kindSection), exitCodeSection()].join('\n\n')}\n`;
}

function kindSection(definition: KindDefinition): string {
  const { kind, plural, shortNames, description, spec, status, conditions, columns } = definition;
  return [
    `## ${kind}\n${description}`,
    `\`kubectl get ${plural}\`, for short \`kubectl get ${shortNames[0]}\`; \`kubectl get nasoa\` lists all kinds.`,
    `### Columns of ${kind}\n${columnTable(columns)}`,
    `### Spec of ${kind}\n${fieldTable(spec, 'spec')}`,
    `### Rules of ${kind}\n${ruleTable(spec)}`,
    `### Status of ${kind}\n${fieldTable(status, 'status')}`,
    `### Conditions of ${kind}\n${conditionSections(conditions)}`,
  ].join('\n\n');
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.map(cell).join(' | ')} |`).join('\n');

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const code = (text: string): string => `\`${text}\``;

const columnTable = (columns: KindDefinition['columns']): string =>
  table(
    ['column', 'from', 'what it is'],
    columns.map(({ name, jsonPath, description, priority }) => [
      name,
      code(jsonPath),
      priority === 1 ? `${description} With \`-o wide\`.` : description,
    ]),
  );

interface FieldRow {
  readonly path: string;
  readonly node: Node;
  readonly schema?: Schema<unknown, Presence>;
}

/** The node and everything below it, each once, parents first. */
function fieldsOf(row: FieldRow): readonly FieldRow[] {
  const { node, path } = row;
  if (node.kind === 'object') return [row, ...propertiesOf(node.properties, path)];
  if (node.kind === 'list' && node.items.kind === 'object') {
    return [row, ...propertiesOf(node.items.properties, `${path}[]`)];
  }
  return [row];
}

const propertiesOf = (properties: Readonly<Record<string, Schema<unknown, Presence>>>, path: string) =>
  Object.entries(properties).flatMap(([name, schema]) =>
    fieldsOf({ path: `${path}.${name}`, node: schema.node, schema }),
  );

const fieldTable = (schema: Schema<unknown, Presence>, path: string): string =>
  table(
    ['field', 'type', 'default', 'limits', 'what it is'],
    fieldsOf({ path, node: schema.node })
      .slice(1)
      .map(({ path: field, node, schema: property }) => [
        code(field),
        typeName(node),
        defaultOf(property),
        limitsOf(node),
        node.description,
      ]),
  );

const defaultOf = (schema: Schema<unknown, Presence> | undefined): string => {
  if (schema?.default !== undefined) return code(JSON.stringify(schema.default));
  return schema?.presence === 'required' ? 'required' : '';
};

function typeName(node: Node): string {
  switch (node.kind) {
    case 'text':
      return node.format === 'date-time' ? 'time' : 'text';
    case 'integer':
      return 'whole number';
    case 'flag':
      return 'true or false';
    case 'list':
      return node.items.kind === 'object' ? 'list' : `list of ${typeName(node.items)}`;
    case 'map':
      return `map to ${typeName(node.values)}`;
    case 'opaque':
      return 'object, as Kubernetes has it';
    default:
      return node.kind;
  }
}

function limitsOf(node: Node): string {
  switch (node.kind) {
    case 'text':
      return textLimits(node);
    case 'number':
    case 'integer':
      if (node.min !== undefined && node.max !== undefined) return `${node.min} to ${node.max}`;
      return node.min === undefined ? '' : `${node.min} or more`;
    case 'quantity':
      return 'above zero';
    case 'list': {
      const inner = node.items.kind === 'object' ? '' : limitsOf(node.items);
      const items = `${node.minItems === undefined ? 'up to' : `${node.minItems} to`} ${node.maxItems} items`;
      return inner === '' ? items : `${items}: ${inner}`;
    }
    case 'map':
      return `up to ${node.maxProperties} entries`;
    default:
      return '';
  }
}

function textLimits({ choices, wanted, maxLength, format }: TextNode): string {
  if (choices !== undefined) return choices.map(code).join(', ');
  if (format !== undefined) return '';
  return wanted === undefined ? `up to ${maxLength} characters` : `${wanted}; up to ${maxLength} characters`;
}

/** Rules of the fields, and last those of the whole object. */
function ruleTable(spec: Schema<unknown, Presence>): string {
  const ofFields = fieldsOf({ path: 'spec', node: spec.node }).flatMap(({ path, node }) => [
    ...(node.rules ?? []).map(({ message }) => [code(path), message]),
    ...itemRules(path, node),
  ]);
  const ofObject = resourceRules.map(({ message }) => [code('metadata.name'), message]);
  return table(['where', 'rule'], [...ofFields, ...ofObject]);
}

const itemRules = (path: string, node: Node): string[][] =>
  node.kind === 'list' ? (node.items.rules ?? []).map(({ message }) => [code(`${path}[]`), message]) : [];

const conditionSections = (conditions: ConditionTable): string =>
  Object.entries(conditions)
    .map(([type, { description, reasons }]) => {
      const rows = Object.entries(reasons).map(([reason, meaning]) => [code(reason), meaning]);
      return `**${type}**: ${description}\n\n${table(['reason', 'what it means, and what to do'], rows)}`;
    })
    .join('\n\n');

const exitMeanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  done: 'Done.',
  failed: 'Failed in a way that a retry may mend; it counts towards `retries`.',
  badData: 'The data set cannot be used: the object fails at once.',
  badSpec: 'The spec or the weights cannot be used: the object fails at once.',
  interrupted: 'Ended early on request, with a checkpoint to go on from: no failure.',
  outOfMemory: 'Killed by the kernel for want of memory: retried with half the batch and half the caches.',
};

function exitCodeSection(): string {
  const rows = (Object.keys(exitMeanings) as readonly (keyof typeof exitCodes)[]).map((name) => {
    const reasons = Object.entries(trainerFailures).filter(([, exit]) => exit === exitCodes[name]);
    return [code(String(exitCodes[name])), exitMeanings[name], reasons.map(([reason]) => code(reason)).join(', ')];
  });
  return `## Exit codes of the pods\n${table(['code', 'what it means', 'reasons'], rows)}`;
}
