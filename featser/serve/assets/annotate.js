// The page "Annotate".

import { QueuePage } from "./queue-page.js";

await new QueuePage("annotate").begin();
