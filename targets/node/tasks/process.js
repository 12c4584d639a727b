// A worker process of /parallel.
import { works } from './works.js';

process.on('message', async ({ work, n }) => {
  process.send(await works[work](n));
});

// It goes with the server, not before it: a terminal sends its signals to the whole group.
process.on('disconnect', () => process.exit());
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => {});
