//! What a `ComfyUI` server says: text messages, binary frames, REST answers and the workflow graph.
