(function () {
  require("./now");
  var hidden = 1;
  function inner() {
    require("./later");
  }
})();
(() => require("./arrow"))();
!function () { require("./bang"); }();
callback(function () {
  require("./deferred");
});
