import { settings } from './settings.js';

export function about(framework, frameworkVersion) {
  return {
    runtime: 'node',
    runtime_version: process.versions.node,
    framework,
    framework_version: frameworkVersion,
    server: 'node:http',
    server_version: process.versions.node,
    workers: settings.workers,
    threads: null,
    gil: null,
    pid: process.pid,
  };
}
