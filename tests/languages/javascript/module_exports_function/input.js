module.exports = createApplication;
function createApplication() {}
module.exports.static = createApplication;
