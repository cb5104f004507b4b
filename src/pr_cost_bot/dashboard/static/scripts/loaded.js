// Runs after the largest file: the single pull requests are there.
"use strict";
window.prCost.pullsArrived();
