import { testMatrix } from "./matrix-tests";
import { destroyScenario } from "./scenarios";

testMatrix("destroy", destroyScenario);
