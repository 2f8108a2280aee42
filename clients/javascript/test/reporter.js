/**
 * Says each test's outcome in one line of JSON, for the build that runs these tests: file, name (with those of the
 * suites around it), outcome (passed, failed, skipped), and why.
 */
export default async function* report(source) {
  const paths = new Map();
  for await (const { type, data } of source) {
    const path = paths.get(data?.file) ?? [];
    paths.set(data?.file, path);
    if (type === 'test:start') {
      path[data.nesting] = data.name;
      path.length = data.nesting + 1;
    } else if (type === 'test:pass' || type === 'test:fail') {
      const suite = path.length > data.nesting + 1 || data.details?.type === 'suite';
      path[data.nesting] = data.name;
      path.length = data.nesting + 1;
      const failed = type === 'test:fail';
      const skipped = data.skip !== undefined || data.todo !== undefined;
      const cause = data.details?.error?.cause ?? data.details?.error;
      const ofItsTests = data.details?.error?.failureType === 'subtestsFailed';
      if (suite ? (failed && !ofItsTests) || skipped : true) {
        yield `${JSON.stringify({
          file: data.file ?? null,
          name: path.join(' '),
          outcome: failed ? 'failed' : skipped ? 'skipped' : 'passed',
          why: failed ? String(cause?.stack ?? cause) : String(data.skip ?? data.todo ?? ''),
        })}\n`;
      }
    }
  }
}
