import { version } from "react";
import { version as ofDom } from "react-dom";

// An alias that stopped matching would test the other React in silence.
if (!version.startsWith("18.") || !ofDom.startsWith("18.")) throw new Error(`React ${version}, React DOM ${ofDom}`);
