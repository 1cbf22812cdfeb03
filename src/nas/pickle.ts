import { InputError } from '../lib/errors.ts';

/**
 * A pickle interpreter that cannot run code: it knows the opcodes that plain data needs, and calls nothing but the
 * functions of the table it is given. Reference: CPython's Lib/pickletools.py; protocols 2 to 5.
 */
export interface PickleHost {
  /** Callables and constants by `module.name`; anything else in a file is refused. */
  readonly globals: ReadonlyMap<string, PickleGlobal>;
  /** The object that a persistent id stands for. */
  readonly persistent: (id: unknown, fail: PickleFail) => unknown;
  /** Names the file in errors. */
  readonly what: string;
}

export interface PickleGlobal {
  readonly name: string;
  readonly call?: (args: readonly unknown[], fail: PickleFail) => unknown;
}

/** Makes the error for a file that is not what it should be. */
export type PickleFail = (why: string) => InputError;

export class PyTuple {
  readonly items: readonly unknown[];
  constructor(items: readonly unknown[]) {
    this.items = items;
  }
}

/** dict and OrderedDict. */
export class PyDict {
  readonly entries = new Map<unknown, unknown>();
}

const remedy = 'Save only the weights, torch.save(model.state_dict(), "weights.pth"), or convert them to safetensors.';

/** Runs the pickle that starts at `start`. Throws InputError for anything but plain data, or when cut off. */
export function unpickle(bytes: Uint8Array, start: number, host: PickleHost): { value: unknown; end: number } {
  const machine = new Machine(bytes, start, host);
  for (;;) {
    const at = machine.at;
    const code = machine.byte();
    if (code === stop) return { value: machine.pop(), end: machine.at };
    const run = opcodes[code];
    if (run === undefined)
      throw machine.fail(`its byte ${at} (0x${code.toString(16)}) is no instruction for plain data`);
    run(machine);
  }
}

class Machine {
  at: number;
  readonly memo = new Map<number, unknown>();
  readonly host: PickleHost;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #stack: unknown[] = [];
  readonly #marks: unknown[][] = [];

  constructor(bytes: Uint8Array, start: number, host: PickleHost) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = start;
    this.host = host;
  }

  readonly fail: PickleFail = (why) =>
    new InputError(`${this.host.what} is no sound PyTorch state dict: ${why}.`, remedy);

  /** Steps over `count` bytes and gives the place where they start. */
  take(count: number): number {
    const from = this.at;
    if (count > this.#bytes.length - from) throw this.fail('it is cut off');
    this.at = from + count;
    return from;
  }
  byte = (): number => this.#view.getUint8(this.take(1));
  uint16 = (): number => this.#view.getUint16(this.take(2), true);
  int32 = (): number => this.#view.getInt32(this.take(4), true);
  uint32 = (): number => this.#view.getUint32(this.take(4), true);
  double = (): number => this.#view.getFloat64(this.take(8), false);
  uint64 = (): number => Number(this.#view.getBigUint64(this.take(8), true));
  text(length: number, encoding: 'utf8' | 'latin1' = 'utf8'): string {
    const from = this.take(length);
    return Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + from, length).toString(encoding);
  }
  line(): string {
    const end = this.#bytes.indexOf(10, this.at);
    if (end < 0) throw this.fail('it is cut off');
    const text = this.text(end - this.at);
    this.at = end + 1;
    return text;
  }
  /** A little-endian two's complement integer; a number where it is exact. */
  long(length: number): number | bigint {
    if (length > 32) throw this.fail(`an integer of ${length} bytes is in it`);
    const from = this.take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.#bytes[from + i] ?? 0);
    const signed = BigInt.asIntN(length * 8, value);
    return Number.isSafeInteger(Number(signed)) ? Number(signed) : signed;
  }

  push(value: unknown): void {
    this.#stack.push(value);
  }
  pop(): unknown {
    if (this.#stack.length === 0) throw this.fail('its instructions are out of order');
    return this.#stack.pop();
  }
  top(): unknown {
    if (this.#stack.length === 0) throw this.fail('its instructions are out of order');
    return this.#stack.at(-1);
  }
  mark(): void {
    this.#marks.push(this.#stack);
    this.#stack = [];
  }
  popToMark(): unknown[] {
    const items = this.#stack;
    const below = this.#marks.pop();
    if (below === undefined) throw this.fail('its instructions are out of order');
    this.#stack = below;
    return items;
  }
  popMany(count: number): unknown[] {
    return Array.from({ length: count }, () => this.pop()).reverse();
  }

  recall(key: number): void {
    if (!this.memo.has(key)) throw this.fail('it refers to something that is not in it');
    this.push(this.memo.get(key));
  }
  pushGlobal(module: string, name: string): void {
    const path = `${module}.${name}`;
    const known = this.host.globals.get(path);
    if (known === undefined) {
      const message = `${this.host.what} contains code that is not a state dict (${printable(path)}), and was not run.`;
      throw new InputError(message, remedy);
    }
    this.push(known);
  }
  reduce(): void {
    const [callee, args] = this.popMany(2);
    if (!isCallable(callee) || !(args instanceof PyTuple)) throw this.fail('it calls something that is no function');
    this.push(callee.call(args.items, this.fail));
  }
  append(items: readonly unknown[]): void {
    const list = this.top();
    if (!Array.isArray(list)) throw this.fail('its instructions are out of order');
    for (const item of items) list.push(item);
  }
  setItems(pairs: readonly unknown[]): void {
    const dict = this.top();
    if (!(dict instanceof PyDict) || pairs.length % 2 !== 0) throw this.fail('its instructions are out of order');
    for (let i = 0; i < pairs.length; i += 2) dict.entries.set(pairs[i], pairs[i + 1]);
  }
  /** Attributes: those of an OrderedDict (`_metadata`, versions of modules) carry no weights; others are refused. */
  build(): void {
    this.pop();
    if (!(this.top() instanceof PyDict)) throw this.fail('it sets attributes of an object');
  }
}

const isCallable = (value: unknown): value is Required<PickleGlobal> =>
  typeof value === 'object' && value !== null && 'call' in value && typeof value.call === 'function';

const printable = (text: string): string => text.replace(/[^\x20-\x7e]/g, '?').slice(0, 100);

const opcode = (letter: string): number => letter.charCodeAt(0);
const stop = opcode('.');

const opcodes: Readonly<Record<number, (m: Machine) => void>> = {
  128: (m) => void m.byte(), // PROTO
  149: (m) => void m.take(8), // FRAME
  [opcode('(')]: (m) => m.mark(),
  [opcode('0')]: (m) => void m.pop(),
  [opcode('1')]: (m) => void m.popToMark(),
  [opcode('2')]: (m) => m.push(m.top()), // DUP
  [opcode('N')]: (m) => m.push(null),
  136: (m) => m.push(true),
  137: (m) => m.push(false),
  [opcode('J')]: (m) => m.push(m.int32()),
  [opcode('K')]: (m) => m.push(m.byte()),
  [opcode('M')]: (m) => m.push(m.uint16()),
  138: (m) => m.push(m.long(m.byte())), // LONG1
  139: (m) => m.push(m.long(m.uint32())), // LONG4
  [opcode('G')]: (m) => m.push(m.double()),
  [opcode('X')]: (m) => m.push(m.text(m.uint32())), // BINUNICODE
  140: (m) => m.push(m.text(m.byte())), // SHORT_BINUNICODE
  141: (m) => m.push(m.text(m.uint64())), // BINUNICODE8
  [opcode('T')]: (m) => m.push(m.text(m.uint32(), 'latin1')), // BINSTRING, of Python 2
  [opcode('U')]: (m) => m.push(m.text(m.byte(), 'latin1')), // SHORT_BINSTRING
  [opcode('C')]: (m) => m.push(m.text(m.byte(), 'latin1')), // SHORT_BINBYTES
  [opcode('B')]: (m) => m.push(m.text(m.uint32(), 'latin1')), // BINBYTES
  [opcode(')')]: (m) => m.push(new PyTuple([])),
  133: (m) => m.push(new PyTuple(m.popMany(1))),
  134: (m) => m.push(new PyTuple(m.popMany(2))),
  135: (m) => m.push(new PyTuple(m.popMany(3))),
  [opcode('t')]: (m) => m.push(new PyTuple(m.popToMark())),
  [opcode(']')]: (m) => m.push([]),
  [opcode('l')]: (m) => m.push(m.popToMark()),
  [opcode('a')]: (m) => m.append(m.popMany(1)),
  [opcode('e')]: (m) => m.append(m.popToMark()),
  [opcode('}')]: (m) => m.push(new PyDict()),
  [opcode('s')]: (m) => m.setItems(m.popMany(2)),
  [opcode('u')]: (m) => m.setItems(m.popToMark()),
  [opcode('q')]: (m) => void m.memo.set(m.byte(), m.top()),
  [opcode('r')]: (m) => void m.memo.set(m.uint32(), m.top()),
  148: (m) => void m.memo.set(m.memo.size, m.top()), // MEMOIZE
  [opcode('h')]: (m) => m.recall(m.byte()),
  [opcode('j')]: (m) => m.recall(m.uint32()),
  [opcode('c')]: (m) => m.pushGlobal(m.line(), m.line()),
  147: (m) => m.pushGlobal(...(m.popMany(2).map(String) as [string, string])), // STACK_GLOBAL
  [opcode('R')]: (m) => m.reduce(),
  [opcode('b')]: (m) => m.build(),
  [opcode('Q')]: (m) => m.push(m.host.persistent(m.pop(), m.fail)),
};
