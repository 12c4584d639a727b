/**
 * Creates a pool of up to `limit` workers (threads or processes). Each is made on first need and does one task at a
 * time. If a worker is lost, its task fails. The next task that needs a worker makes a new one.
 */
export function createPool({ limit, make, post }) {
  const workers = new Set();
  const idle = new Set();
  const jobs = new Map(); // by the worker that does it
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
      if (!workers.has(worker)) return; // a message that arrived after its exit
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
    worker.on('error', lose); // a child that could not start emits no exit event
    worker.on('exit', lose);
    return worker;
  }

  return (task) => new Promise((resolve, reject) => {
    waiting.push({ task, resolve, reject });
    assign();
  });
}
