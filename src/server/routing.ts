import { failure, type HttpResponse, type Route } from './routes.ts';

export type Found =
  | {
      readonly kind: 'route';
      readonly route: Route;
      readonly params: Readonly<Record<string, string>>;
      readonly path: string;
      readonly query: URLSearchParams;
    }
  | { readonly kind: 'refused'; readonly response: HttpResponse };

const refused = (response: HttpResponse): Found => ({ kind: 'refused', response });

/** The route for a request line; what fits none is refused with 400, 404 or 405. HEAD is served as GET. */
export function findRoute(routes: readonly Route[], method: string, url: string): Found {
  // a fixed base: what the client says about the host decides nothing
  if (!URL.canParse(url, 'http://server')) return refused(failure(400, 'The address cannot be read.'));
  const { pathname, searchParams } = new URL(url, 'http://server');
  const fitting = routes.flatMap((route) => {
    const params = paramsOf(route.path, pathname);
    return params === undefined ? [] : [{ route, params }];
  });
  if (fitting.length === 0) return refused(failure(404, 'There is nothing here.'));
  const wanted = method === 'HEAD' ? 'GET' : method;
  const found = fitting.find(({ route }) => route.method === wanted);
  if (found !== undefined) return { kind: 'route', ...found, path: pathname, query: searchParams };
  const allow = fitting.map(({ route }) => route.method).join(', ');
  return refused(failure(405, `${method.slice(0, 20)} is not for this address.`, { allow }));
}

function paramsOf(pattern: string, path: string): Record<string, string> | undefined {
  const [wanted, given] = [pattern.split('/'), path.split('/')];
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [i, part] of wanted.entries()) {
    const value = given[i] ?? '';
    if (!part.startsWith(':')) {
      if (part !== value) return undefined;
      continue;
    }
    const decoded = decode(value);
    if (decoded === undefined || decoded === '') return undefined;
    params[part.slice(1)] = decoded;
  }
  return params;
}

function decode(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
