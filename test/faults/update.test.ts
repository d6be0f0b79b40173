import { testMatrix } from "./matrix-tests";
import { updateScenario } from "./scenarios";

testMatrix("an update that replaces node pools", updateScenario);
