export default {
  name: "thing",
  /** Runs it. */
  run() {},
  stop: () => null,
} satisfies Plugin;
