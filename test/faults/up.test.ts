import { testMatrix } from "./matrix-tests";
import { upScenario } from "./scenarios";

testMatrix("up", upScenario);
