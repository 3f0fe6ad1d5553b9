/** The interface. */
export const api = {
  /** Gets. */
  get() {},
  post: async (body) => body,
  get size() { return 1; },
  "quoted-name": function () {},
  [computed]() {},
  value: shared,
  nested: { deep() {} },
};
const inFunction = () => {
  const local = { method() {} };
  return local;
};
call({ options() {} });
