"use strict";

module.exports = require("./summary").setup;
