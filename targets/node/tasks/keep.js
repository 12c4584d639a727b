/** Keeps the result of `make` for the last argument. */
export function keepLast(make) {
  let last;
  let kept;
  return (argument) => {
    if (argument !== last) {
      kept = make(argument);
      last = argument;
    }
    return kept;
  };
}
