/** The HTTPS side of the operator: reports of pods, wherever the leader is. */
import { progressAudience } from '../../crds/group.ts';
import type { TokenReview } from '../../crds/kubernetes.ts';
import type { Api } from '../../kube/api.ts';
import { pathOf, tokenReviews } from '../../kube/resources.ts';
import type { Clock } from '../../lib/clock.ts';
import { httpsPost } from '../../server/https-post.ts';
import { type Leader, toLeader } from '../../server/leader.ts';
import type { Log } from '../../server/logger.ts';
import type { Metrics } from '../../server/metrics.ts';
import { progressRoutes, type Reported } from '../../server/progress.ts';
import type { ReportBook } from '../../server/report-book.ts';
import type { Route } from '../../server/routes.ts';
import type { Scheduler } from '../../server/scheduler.ts';
import { tokenCheck } from '../../server/token-check.ts';
import { podOwner } from './pod-owner.ts';
import type { OperatorSettings } from './settings.ts';
import type { Watches } from './watches.ts';

export interface ReportOptions {
  readonly settings: OperatorSettings;
  readonly api: Api;
  readonly watches: Watches;
  readonly reports: ReportBook;
  readonly leader: () => Leader;
  /** Authority of the serving certificate, PEM, as it is now. */
  readonly authority: () => string;
  /** A report was taken over. */
  readonly onReport: (about: Reported) => void;
  readonly clock: Clock;
  readonly scheduler: Scheduler;
  readonly metrics: Metrics;
  readonly log: Log;
}

export function reportRoutes(o: ReportOptions): readonly Route[] {
  const { settings, api, watches, reports, clock, log } = o;
  return progressRoutes({
    check: tokenCheck({ review: reviewer(api), audience: progressAudience, clock }),
    ownerOf: podOwner(watches.pods, watches.jobs),
    accept: (about, progress) => {
      reports.put(progress);
      o.onReport(about);
    },
    leader: o.leader,
    toLeader: toLeader({
      post: httpsPost(o.scheduler),
      port: settings.httpsPort,
      ca: o.authority,
      serverName: serverNames(settings)[0] ?? '',
    }),
    ...{ clock, log },
    count: (fate) => o.metrics.tasks.progressReport(fate),
  });
}

/** Names that pods may know the Service by; the certificate holds all of them. */
export function serverNames({ trainer }: OperatorSettings): readonly string[] {
  const { hostname } = new URL(trainer.reportAddress);
  return hostname.endsWith('.svc') ? [hostname, `${hostname}.cluster.local`] : [hostname];
}

function reviewer(api: Api) {
  return async (token: string, audiences: readonly string[]): Promise<TokenReview['status']> => {
    const { apiVersion, kind } = tokenReviews;
    const review = { apiVersion, kind, spec: { token, audiences } };
    return (await api.request<TokenReview>('POST', pathOf(tokenReviews), review)).status;
  };
}
