use super::*;

fn environment(pairs: &[(&str, &str)]) -> Environment {
    let home = [("HOME", "/home/ada")];
    Environment(home.iter().chain(pairs).map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect())
}

/// Loads from a file with this text.
fn load_text(text: &str, flags: Flags, variables: &[(&str, &str)]) -> Result<Loaded, ConfigError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("monitor.toml");
    std::fs::write(&path, text).unwrap();
    load(&Flags { config: Some(path), ..flags }, &environment(variables))
}

fn load_none(variables: &[(&str, &str)]) -> Result<Loaded, ConfigError> {
    load_text("", Flags::default(), variables)
}

fn refusal(text: &str) -> String {
    load_text(text, Flags::default(), &[]).unwrap_err().to_string()
}

#[test]
fn without_anything_it_listens_on_loopback_and_watches_the_local_server() {
    let config = load_none(&[]).unwrap().servable().unwrap();
    assert_eq!(config.listen.to_string(), "127.0.0.1:8190");
    assert_eq!(config.instances.len(), 1);
    assert_eq!(config.instances[0].url.as_str(), "http://127.0.0.1:8188/");
    assert_eq!(config.instances[0].id, "default");
}

#[test]
fn a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default() {
    let file = "[limits]\nsubscriptions = 5\nlive_connections = 6\n[log]\nlevel = \"error\"";
    let variables = [("COMFYUI_MONITOR_LIMITS_LIVE_CONNECTIONS", "7"), ("COMFYUI_MONITOR_LOG_LEVEL", "debug")];
    let flags = Flags { values: vec![("log.level", "trace".to_owned())], ..Flags::default() };
    let loaded = load_text(file, flags, &variables).unwrap();
    assert_eq!(loaded.config.limits.request_bytes, 16 << 20);
    assert_eq!(loaded.config.limits.subscriptions, 5);
    assert_eq!(loaded.config.limits.live_connections, 7);
    assert_eq!(loaded.config.log.level, "trace");
    assert_eq!(loaded.origin("limits.request_bytes"), Origin::Default);
    assert!(matches!(loaded.origin("limits.subscriptions"), Origin::File { line: 2, .. }));
    assert_eq!(loaded.origin("log.level"), Origin::Flag("--log"));
}

#[test]
fn an_unknown_key_is_refused_with_its_line_and_the_nearest_one() {
    let message = refusal("listen = \"127.0.0.1:1\"\n\n[media]\nmax_byte = 3\n");
    assert!(message.contains("line 4"), "{message}");
    assert!(message.contains("`media.max_byte`"), "{message}");
    assert!(message.contains("did you mean `media.max_bytes`?"), "{message}");
    assert!(refusal("[[instance]]\nurll = \"http://a\"").contains("did you mean `url`?"));
    assert!(refusal("[retentoin]\n").contains("there is no key `retentoin`"));
}

#[test]
fn an_unknown_variable_of_ours_is_refused_with_the_nearest_one() {
    let message = load_none(&[("COMFYUI_MONITOR_LISTN", "127.0.0.1:1")]).unwrap_err().to_string();
    assert!(message.contains("did you mean `COMFYUI_MONITOR_LISTEN`?"), "{message}");
}

#[test]
fn a_value_that_does_not_fit_names_key_and_line_and_shows_how() {
    let message = refusal("\nlisten = \"localhost\"");
    assert!(message.contains("line 2") && message.contains("127.0.0.1:8190"), "{message}");
    assert!(refusal("[log]\nformat = \"xml\"").contains("`text` or `json`"));
    assert!(refusal("listen = ").contains("no TOML"));
    assert!(refusal("[limits]\nsubscriptions = 0").contains("whole number from 1"));
}

#[test]
fn comfyui_host_and_port_say_where_the_server_is() {
    let url = |variables: &[(&str, &str)]| load_none(variables).unwrap().config.instances[0].url.to_string();
    assert_eq!(url(&[("COMFYUI_HOST", "gpu.local")]), "http://gpu.local:8188/");
    assert_eq!(url(&[("COMFYUI_PORT", "8000")]), "http://127.0.0.1:8000/");
    assert_eq!(url(&[("COMFYUI_HOST", "::1"), ("COMFYUI_PORT", "9")]), "http://[::1]:9/");
    for wrong in [("COMFYUI_PORT", "0"), ("COMFYUI_PORT", "http"), ("COMFYUI_HOST", "http://gpu")] {
        assert!(load_none(&[wrong]).unwrap_err().to_string().contains(wrong.0));
    }
}

#[test]
fn comfyui_host_keeps_what_the_file_says_besides_the_address() {
    let file = "[[instance]]\nid = \"fjord\"\nurl = \"https://old:1/comfy\"\ntoken = \"t\"";
    let loaded = load_text(file, Flags::default(), &[("COMFYUI_HOST", "new")]).unwrap();
    let instance = &loaded.config.instances[0];
    assert_eq!((instance.id.as_str(), instance.url.as_str()), ("fjord", "https://new:1/comfy"));
    assert_eq!(instance.token, Some(Secret::new("t")));
}

#[test]
fn comfyui_host_is_refused_where_it_could_mean_several_servers() {
    let file = "[[instance]]\nid = \"a\"\nurl = \"http://a\"\n[[instance]]\nid = \"b\"\nurl = \"http://b\"";
    let error = load_text(file, Flags::default(), &[("COMFYUI_HOST", "c")]).unwrap_err().to_string();
    assert!(error.contains("several"), "{error}");
}

#[test]
fn servers_have_ids_of_their_own_and_addresses_without_secrets() {
    assert!(refusal("[[instance]]\nurl = \"http://a\"\n[[instance]]\nid = \"b\"").contains("an id of its own"));
    assert!(refusal("[[instance]]\nid = \"a\"\n[[instance]]\nid = \"a\"").contains("two servers"));
    assert!(refusal("[[instance]]\nid = \"../a\"").contains("no id"));
    assert!(refusal("[[instance]]\nurl = \"http://me:secret@a\"").contains("use `token`"));
    assert!(refusal("[[instance]]\nurl = \"ftp://a\"").contains("neither http nor https"));
    assert!(refusal("[[instance]]\nheaders = { Host = \"a\" }").contains("set by HTTP itself"));
    assert!(refusal("[instance]\nid = \"a\"").contains("two brackets"));
}

#[test]
fn a_servers_token_comes_from_the_file_a_file_or_a_variable() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "from-file\n").unwrap();
    let token = |line: &str| {
        let text = format!("[[instance]]\n{line}");
        load_text(&text, Flags::default(), &[("GPU_TOKEN", "from-env")]).unwrap().config.instances[0].token.clone()
    };
    assert_eq!(token("token = \"plain\""), Some(Secret::new("plain")));
    assert_eq!(token("token_env = \"GPU_TOKEN\""), Some(Secret::new("from-env")));
    assert_eq!(
        token(&format!("token_file = {}", given::quoted(&path.to_string_lossy()))),
        Some(Secret::new("from-file"))
    );
    assert!(refusal("[[instance]]\ntoken_env = \"NOPE\"").contains("NOPE is not set"));
}

#[test]
fn it_will_not_listen_wider_than_loopback_without_a_token() {
    let open = ("COMFYUI_MONITOR_LISTEN", "0.0.0.0:8190");
    let message = load_none(&[open]).unwrap().servable().unwrap_err().to_string();
    assert!(message.contains("openssl rand -hex 32"), "{message}");
    assert!(load_none(&[open, ("COMFYUI_MONITOR_TOKEN", "0123456789abcdef")]).unwrap().servable().is_ok());
    assert!(load_none(&[("COMFYUI_MONITOR_LISTEN", "[::1]:8190")]).unwrap().servable().is_ok());
}

#[test]
fn a_token_that_cannot_travel_is_refused() {
    let message = load_none(&[("COMFYUI_MONITOR_TOKEN", "two words")]).unwrap_err().to_string();
    assert!(message.contains("openssl rand"), "{message}");
    assert!(!message.contains("two words"), "{message}");
}

#[test]
fn what_is_shown_has_sources_and_no_secrets() {
    let file = "[[instance]]\nid = \"gpu\"\ntoken = \"s3cret-one\"\nheaders = { X-Key = \"s3cret-two\" }";
    let loaded = load_text(file, Flags::default(), &[("COMFYUI_MONITOR_TOKEN", "s3cret-three")]).unwrap();
    let shown = show(&loaded);
    assert!(shown.contains("# default") && shown.contains("# environment, COMFYUI_MONITOR_TOKEN"), "{shown}");
    assert!(shown.contains("monitor.toml, line 1"), "{shown}");
    assert!(!shown.contains("s3cret") && !format!("{loaded:?}").contains("s3cret"), "{shown}");
    assert!(toml::from_str::<toml::Table>(&shown).is_ok(), "{shown}");
}

#[test]
fn variables_that_others_know_are_read_under_their_names_and_our_own_win() {
    let loaded = load_none(&[("EVENTBRIDGE_BUS_NAME", "bus"), ("AWS_REGION", "eu-central-1")]).unwrap();
    let aws = &loaded.config.aws;
    assert_eq!((aws.event_bus.as_deref(), aws.region.as_deref()), (Some("bus"), Some("eu-central-1")));
    let loaded = load_none(&[("EVENTBRIDGE_BUS_NAME", "bus"), ("COMFYUI_MONITOR_AWS_EVENT_BUS", "ours")]).unwrap();
    assert_eq!(loaded.config.aws.event_bus.as_deref(), Some("ours"));
}

#[test]
fn progress_takes_one_of_three_ways() {
    let progress = |way| load_none(&[("COMFYUI_MONITOR_AWS_PROGRESS", way)]).map(|loaded| loaded.config.aws.progress);
    assert_eq!(progress("bus").unwrap(), Progress::Bus);
    assert!(progress("sideways").unwrap_err().to_string().contains("`bus`, `direct` or `both`"));
}

#[test]
fn policies_stand_beside_settings_and_own_ones_come_first() {
    let file = "timeout = \"10m\"\n[retry]\nper_minute = 3\n[retry.limits]\nmax_retries = 2\n[[retry.policy]]\n\
                name = \"mine\"\nmatch = { status = \"timeout\" }\ndo = { another_instance = true }\n";
    let loaded = load_text(file, Flags::default(), &[("COMFYUI_MONITOR_RETRY_PAUSE_AFTER", "7")]).unwrap();
    let config = &loaded.config;
    assert_eq!((config.retry.per_minute, config.retry.pause_after), (3, 7));
    assert_eq!(config.timeout, Some(Duration::from_mins(10)));
    let names: Vec<_> = config.retry.policies.list.iter().map(|policy| policy.name.as_str()).collect();
    assert_eq!((names[0], config.retry.policies.limits.max_retries), ("mine", Some(2)));
    assert!(names.len() > 1, "the shipped ones are gone");
    let settings = config.retry.settings();
    assert_eq!((settings.per_minute, settings.breaker.failures), (3, 7));
    let shown = show(&loaded);
    assert!(shown.contains("# policies, in this order: \"mine\", ") && shown.contains("line 4"), "{shown}");
    let off = load_text("[retry]\nenabled = false\n", Flags::default(), &[]).unwrap().config.retry.settings();
    assert!(off.policies.list.is_empty());
}

#[test]
fn what_is_wrong_in_the_retry_section_is_named_with_its_line() {
    let cases = [
        ("[retry]\nper_minute = 0\n", "line 2", "per_minute"),
        ("[retry]\npolcy = 1\n", "line 2", "retry.policy"),
        ("[retry]\nenabled = \"maybe\"\n", "line 2", "true"),
        ("[[retry.policy]]\nname = \"a\"\nmatch = { status = \"sad\" }\n", "line 3", "sad"),
        ("[[retry.policy]]\nname = \"a\"\nmatch = { status = \"timeout\" }\n", "line 1", "\"a\""),
        ("timeout = \"10ms\"\n", "line 1", "second"),
        ("[[instance]]\ntimeout = \"soon\"\n", "line 2", "instance.timeout"),
    ];
    for (file, line, word) in cases {
        let error = refusal(file);
        assert!(error.contains(line) && error.contains(word), "{file}: {error}");
    }
}

#[test]
fn an_instance_may_have_a_timeout_of_its_own_or_none() {
    let file = "timeout = \"1h\"\n[[instance]]\nid = \"a\"\n[[instance]]\nid = \"b\"\ntimeout = \"5m\"\n\
                [[instance]]\nid = \"c\"\ntimeout = \"none\"\n";
    let config = load_text(file, Flags::default(), &[]).unwrap().config;
    let timeouts = config.instances.iter().map(|instance| instance.timeout.or(config.timeout));
    assert_eq!(timeouts.collect::<Vec<_>>(), [Some(Duration::from_hours(1)), Some(Duration::from_mins(5)), None]);
}

#[test]
fn the_example_has_every_setting_with_its_default() {
    let example = include_str!("../../../../comfyui-monitor.example.toml");
    // A setting is commented out by `#` alone, prose by `# `.
    let setting = |line: &str| {
        line.strip_prefix('#')
            .filter(|rest| rest.starts_with(|c: char| c.is_alphabetic() || c == '['))
            .map(str::to_owned)
    };
    let active: Vec<String> = example.lines().map(|line| setting(line).unwrap_or_else(|| line.to_owned())).collect();
    let given: toml::Table = toml::from_str(&active.join("\n")).unwrap();
    let defaults = Config::defaults(&environment(&[]));

    for row in SETTINGS {
        let value = row.key.split('.').try_fold(&toml::Value::Table(given.clone()), |at, part| at.get(part)).cloned();
        let value = value.unwrap_or_else(|| panic!("{} is not in the example", row.key));
        let Some(shown) = (row.show)(&defaults) else { continue };
        let mut read = defaults.clone();
        let text = match &value {
            toml::Value::String(text) => text.clone(),
            toml::Value::Array(items) => items.iter().filter_map(|item| item.as_str()).collect::<Vec<_>>().join(","),
            other => other.to_string(),
        };
        let home = Path::new("/home/ada");
        (row.set)(&mut read, &Given { text: &text, folder: Path::new(""), home: Some(home) }).unwrap();
        assert_eq!((row.show)(&read), Some(shown), "{}", row.key);
    }

    let secrets = tempfile::tempdir().unwrap();
    std::fs::write(secrets.path().join("monitor-token"), "0123456789abcdef0123456789abcdef").unwrap();
    std::fs::write(secrets.path().join("gpu-token"), "t").unwrap();
    let path = secrets.path().join("comfyui-monitor.toml");
    std::fs::write(&path, active.join("\n")).unwrap();
    let flags = Flags { config: Some(path), ..Flags::default() };
    let loaded = load(&flags, &environment(&[("CINDER_TOKEN", "t")])).unwrap();
    assert!(loaded.config.instances.len() > 1, "the example shows several servers");
    assert_eq!(loaded.config.instances[0].url, Instance::default().url);
}

#[test]
fn previews_are_asked_for_as_the_server_likes_best_unless_they_are_off_or_left_to_it() {
    let asked = |text: &str| load_text(text, Flags::default(), &[]).unwrap().config.previews.asked();
    assert_eq!(asked(""), Some("auto"));
    assert_eq!(asked("[previews]\nmethod = \"taesd\"\n"), Some("taesd"));
    assert_eq!(asked("[previews]\nmethod = \"none\"\n"), Some("none"));
    assert_eq!(asked("[previews]\nmethod = \"default\"\n"), None);
    assert_eq!(asked("[previews]\nenabled = false\nmethod = \"taesd\"\n"), None);
    let message = refusal("[previews]\nmethod = \"taesdxl\"\n");
    assert!(message.contains("line 2") && message.contains("`latent2rgb`"), "{message}");
    assert!(refusal("[previews]\nenabled = \"maybe\"\n").contains("neither `true` nor `false`"));
}
