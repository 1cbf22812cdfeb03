/** Our engine's side of the step benchmark: a resident process that speaks the JSON lines of `protocol.ts`. */
import { createInterface } from 'node:readline';
import { parseRequest, type Request } from './protocol.ts';
import { openStepper, type Stepper } from './stepper.ts';

const warmUpSteps = 4;
let stepper: Stepper | undefined;

async function answer(request: Request): Promise<Readonly<Record<string, unknown>>> {
  if (request.cmd === 'build') {
    stepper?.close();
    stepper = undefined;
    const { variant, cmd: _, ...task } = request;
    stepper = await openStepper({ ...task, precision: variant.precision });
    for (let i = 0; i < warmUpSteps; i++) stepper.step();
    return { ok: true, versions: { ...stepper.versions } };
  }
  if (!stepper) throw new Error(`${request.cmd} before build`);
  const built = stepper;
  if (request.cmd === 'steps') return { seconds: Array.from({ length: request.count }, () => built.step()) };
  return { peakBytes: built.peakMemoryBytes(), currentBytes: process.memoryUsage.rss() };
}

async function serve(): Promise<void> {
  // libraries that greet on stdout must not mix with the replies
  console.log = console.error;
  const reply = (value: unknown): boolean => process.stdout.write(`${JSON.stringify(value)}\n`);
  for await (const line of createInterface({ input: process.stdin })) {
    try {
      const request = parseRequest(line);
      if (request.cmd === 'close') {
        stepper?.close();
        reply({ ok: true });
        return;
      }
      reply(await answer(request));
    } catch (error) {
      // the driver decides whether to go on
      reply({ error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
    }
  }
}

await serve();
