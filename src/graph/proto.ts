/**
 * The part of TensorFlow's protocol buffers that a SavedModel needs, by the field numbers of
 * tensorflow/core/framework/{graph,node_def,attr_value,tensor,tensor_shape,types}.proto and
 * tensorflow/core/protobuf/{saved_model,meta_graph}.proto (TensorFlow 2.21).
 */
import protobuf from 'protobufjs';

const source = `
syntax = "proto3";
message Shape { message Dim { int64 size = 1; } repeated Dim dim = 2; bool unknown_rank = 3; }
message Tensor { int32 dtype = 1; Shape tensor_shape = 2; bytes tensor_content = 4; repeated bytes string_val = 8; }
message Attr {
  message List { repeated bytes s = 2; repeated int64 i = 3 [packed = true]; repeated float f = 4 [packed = true]; repeated int32 type = 6 [packed = true]; }
  oneof value { bytes s = 2; int64 i = 3; float f = 4; bool b = 5; int32 type = 6; Shape shape = 7; Tensor tensor = 8; List list = 1; }
}
message Node { string name = 1; string op = 2; repeated string input = 3; map<string, Attr> attr = 5; }
message Graph { message Versions { int32 producer = 1; int32 min_consumer = 2; } repeated Node node = 1; Versions versions = 4; }
message TensorInfo { string name = 1; int32 dtype = 2; Shape tensor_shape = 3; }
message Signature { map<string, TensorInfo> inputs = 1; map<string, TensorInfo> outputs = 2; string method_name = 3; }
message MetaGraph {
  message Info { repeated string tags = 4; string tensorflow_version = 5; }
  Info meta_info_def = 1; Graph graph_def = 2; map<string, Signature> signature_def = 5;
}
message SavedModel { int64 saved_model_schema_version = 1; repeated MetaGraph meta_graphs = 2; }
`;

const savedModelType = protobuf.parse(source, { keepCase: true }).root.lookupType('SavedModel');

export interface ShapeMessage {
  readonly dim?: readonly { readonly size: number }[];
  readonly unknown_rank?: boolean;
}
export interface TensorMessage {
  readonly dtype: number;
  readonly tensor_shape: ShapeMessage;
  readonly tensor_content?: Uint8Array;
  readonly string_val?: readonly Uint8Array[];
}
/** One attribute of a node; exactly one field is set. */
export interface AttrMessage {
  readonly s?: Uint8Array;
  readonly i?: number;
  readonly f?: number;
  readonly b?: boolean;
  readonly type?: number;
  readonly shape?: ShapeMessage;
  readonly tensor?: TensorMessage;
  readonly list?: { readonly i?: readonly number[]; readonly type?: readonly number[] };
}
export interface NodeMessage {
  readonly name: string;
  readonly op: string;
  readonly input: string[];
  readonly attr: Readonly<Record<string, AttrMessage>>;
}
export interface TensorInfoMessage {
  readonly name: string;
  readonly dtype: number;
  readonly tensor_shape: ShapeMessage;
}
export interface SignatureMessage {
  readonly inputs: Readonly<Record<string, TensorInfoMessage>>;
  readonly outputs: Readonly<Record<string, TensorInfoMessage>>;
  readonly method_name: string;
}

/** The bytes of `saved_model.pb`. */
export function encodeSavedModel(
  nodes: readonly NodeMessage[],
  signatures: Readonly<Record<string, SignatureMessage>>,
  tag: string,
): Uint8Array {
  const metaGraph = {
    meta_info_def: { tags: [tag], tensorflow_version: '2.21.0' },
    // the producer version of TensorFlow 2.x's GraphDef since 2.16; ops are taken by their current definitions
    graph_def: { node: nodes, versions: { producer: 1882, min_consumer: 0 } },
    signature_def: signatures,
  };
  return savedModelType.encode({ saved_model_schema_version: 1, meta_graphs: [metaGraph] }).finish();
}
