/** The CustomResourceDefinition of a kind. */
import type { Json } from '../lib/json.ts';
import { apiGroup } from './group.ts';
import type { KindDefinition } from './kinds.ts';
import { type OpenApi, openApi } from './openapi.ts';
import { resourceRules } from './parse-resource.ts';

export type Definition = { readonly [key: string]: Json | undefined };

export const definitionName = ({ plural }: Pick<KindDefinition, 'plural'>): string => `${plural}.${apiGroup}`;

export function customResourceDefinition(definition: KindDefinition): Definition {
  const { kind, plural, singular, shortNames } = definition;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: definitionName(definition) },
    spec: {
      group: apiGroup,
      scope: 'Namespaced',
      names: { kind, listKind: `${kind}List`, plural, singular, shortNames, categories: ['nasoa'] },
      versions: [
        {
          name: 'v1alpha1',
          served: true,
          storage: true,
          subresources: { status: {} },
          selectableFields: [{ jsonPath: '.status.phase' }],
          additionalPrinterColumns: definition.columns.map((column) => ({ ...column })),
          schema: { openAPIV3Schema: rootSchema(definition) },
        },
      ],
    },
  };
}

const rootSchema = ({ description, spec, status }: KindDefinition): OpenApi => ({
  description,
  type: 'object',
  required: ['spec'],
  properties: {
    apiVersion: { description: 'Version of the API.', type: 'string' },
    kind: { description: 'Kind of the object.', type: 'string' },
    metadata: { type: 'object' },
    spec: openApi(spec),
    status: openApi(status),
  },
  'x-kubernetes-validations': resourceRules.map(({ rule, message }) => ({ rule, message })),
});
