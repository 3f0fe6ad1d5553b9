module.exports = {
  shorthand,
  renamed: other,
  /** Does it. */
  method() {},
  fn: function () {},
  arrow: async () => {},
  part: require("./part"),
  member: require("./member").it,
  ...require("./all"),
  value: 1,
};
function shorthand() {}
