/**
 * A pool of up to `limit` workers (threads or processes), each made when it is first needed and given one task at a
 * time. A worker that is lost fails its task, and the next task that needs one has another made.
 */
export function createPool({ limit, make, post }) {
  const workers = new Set();
  const idle = new Set();
  const jobs = new Map(); // by the worker that is at it
  const waiting = [];

  function assign() {
    while (waiting.length > 0 && (idle.size > 0 || workers.size < limit)) {
      const [worker = hire()] = idle;
      const job = waiting.shift();
      idle.delete(worker);
      jobs.set(worker, job);
      post(worker, job.task);
    }
  }

  function hire() {
    const worker = make();
    workers.add(worker);
    worker.on('message', (result) => {
      if (!workers.has(worker)) return; // its last words came after its exit
      jobs.get(worker).resolve(result);
      jobs.delete(worker);
      idle.add(worker);
      assign();
    });
    const lose = () => {
      if (!workers.delete(worker)) return;
      idle.delete(worker);
      jobs.get(worker)?.reject(new Error('worker lost'));
      jobs.delete(worker);
      assign();
    };
    worker.on('error', lose); // a child that could not be started has no exit
    worker.on('exit', lose);
    return worker;
  }

  return (task) => new Promise((resolve, reject) => {
    waiting.push({ task, resolve, reject });
    assign();
  });
}
