use std::process::ExitCode;

fn main() -> ExitCode {
    comfyui_monitor::functions::main()
}
