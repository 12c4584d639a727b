// k6: a closed loop of CONNECTIONS for DURATION seconds; prints one line of JSON.
import http from 'k6/http';

export const options = {
  discardResponseBodies: true,
  scenarios: { closed: { executor: 'constant-vus', vus: Number(__ENV.CONNECTIONS), duration: `${__ENV.DURATION}s` } },
};

export default function () {
  http.get(__ENV.URL);
}

export function handleSummary(data) {
  return { stdout: JSON.stringify({ rate: data.metrics.http_reqs.values.rate }) };
}
