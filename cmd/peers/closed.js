// k6: drives URL in a closed loop over CONNECTIONS for DURATION seconds. Prints one line of JSON: requests per second.
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
