// A worker process of /parallel.
import { works } from './works.js';

process.on('message', async ({ work, n }) => {
  process.send(await works[work](n));
});

// It exits with the server, not before it. A terminal sends its signals to the whole process group.
process.on('disconnect', () => process.exit());
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => {});
