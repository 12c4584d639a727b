// k6: drives URL in an open loop at RATE requests per second for DURATION seconds. Prints one line of JSON; times are
// in microseconds.
import http from 'k6/http';

export const options = {
  discardResponseBodies: true,
  summaryTrendStats: ['p(50)', 'p(99)', 'p(99.9)'],
  scenarios: {
    open: {
      executor: 'constant-arrival-rate',
      rate: Number(__ENV.RATE),
      timeUnit: '1s',
      duration: `${__ENV.DURATION}s`,
      preAllocatedVUs: 128,
      maxVUs: 512,
    },
  },
};

export default function () {
  http.get(__ENV.URL);
}

export function handleSummary(data) {
  const value = (metric, key) => data.metrics[metric]?.values[key] ?? 0;
  const us = (key) => value('http_req_duration', key) * 1000;
  const summary = {
    requests: value('http_reqs', 'count'),
    p50: us('p(50)'),
    p99: us('p(99)'),
    p999: us('p(99.9)'),
  };
  return { stdout: JSON.stringify(summary) };
}
