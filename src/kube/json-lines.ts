/** Longest line taken: an object is at most 1.5 MiB in etcd, and about three times that as JSON with escapes. */
const longestBytes = 16 * 1024 * 1024;

/**
 * The JSON values of a stream, one a line, however the lines are cut into chunks. What follows the last newline is part
 * of a value that was cut off, and is left out.
 */
export async function* jsonLines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<unknown> {
  let parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      parts.push(chunk.subarray(start, end));
      const line = Buffer.concat(parts).toString('utf8').trim();
      parts = [];
      bytes = 0;
      start = end + 1;
      if (line !== '') yield JSON.parse(line);
    }
    if (start < chunk.length) {
      parts.push(chunk.subarray(start));
      bytes += chunk.length - start;
      if (bytes > longestBytes) throw new Error(`a line of the watch is longer than ${longestBytes} bytes`);
    }
  }
}
