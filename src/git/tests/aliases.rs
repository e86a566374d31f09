//! Aliases of hosts, with scripts for ssh and with the real one.

use std::fs;
use std::process::Command;

use super::{GitError, Hosts, Sandbox};

impl Sandbox {
    /// A program for `ssh`; where there is none, none is found.
    fn ssh(&self, script: &str) {
        fs::write(self.path("script"), script).unwrap();
        // By another process: a file that this one has written can be busy while a thread starts something.
        let written =
            Command::new("sh").current_dir(self.0.path()).args(["-c", "cp script ssh && chmod +x ssh"]).status();
        assert!(written.unwrap().success());
    }

    /// What ssh was asked, once [`Self::ssh`] has made one that writes it down.
    fn asked(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("asked")).unwrap_or_default();
        let _ = fs::remove_file(self.path("asked"));
        text.lines().map(str::to_owned).collect()
    }
}

/// Knows some hosts, as `ssh -G` prints them, and writes down what it was asked.
const SSH: &str = r#"#!/bin/sh
echo "$*" >>"${0%ssh}asked"
case $3 in
work|work_too|Work) host=github.com ;;
over-https) host=ssh.github.com ;;
ghe) host=ghe.example.com ;;
*) host=$3 ;;
esac
printf 'host %s\nuser git\nhostname %s\ncanonicalizehostname false\n' "$3" "$host"
"#;

#[test]
fn a_host_of_ssh_that_is_not_known_is_what_ssh_s_configuration_says() {
    let sandbox = Sandbox::new();
    sandbox.ssh(SSH);
    sandbox.remote("origin", "x");
    let known = Hosts { known: &["ghe.example.com".to_owned()], ..Hosts::GITHUB };
    for (url, host, expected) in [
        ("git@work:o/r.git", "work", Ok("o/r")),
        ("git@work_too:o/r.git", "work_too", Ok("o/r")),
        ("ssh://git@Work:2222/o/r.git", "Work", Ok("o/r")),
        ("git+ssh://work/o/r", "work", Ok("o/r")),
        ("over-https:o/r.git", "over-https", Ok("o/r")),
        ("git@ghe:o/r.git", "ghe", Ok("ghe.example.com/o/r")),
        ("git@gitlab.com:o/r.git", "gitlab.com", Err(GitError::NoKnownHost)),
    ] {
        sandbox.git("work", &["config", "remote.origin.url", url]);
        assert_eq!(sandbox.repo(&known).as_deref(), expected.as_ref().map(|name| &**name), "{url}");
        assert_eq!(sandbox.asked(), [format!("-G -- {host}")]);
    }
}

#[test]
fn ssh_is_asked_of_nothing_that_is_no_alias() {
    let sandbox = Sandbox::new();
    sandbox.ssh(SSH);
    sandbox.remote("origin", "x");
    for (url, is_named) in [
        ("git@github.com:o/r.git", true),
        ("ssh://git@GitHub.com/o/r.git", true),
        ("ssh://git@ssh.github.com:443/o/r.git", true),
        ("https://work/o/r", false),
        ("git://work/o/r", false),
        ("./work:o/r", false),
        ("work:o", false),
        ("-oProxyCommand=work:o/r", false),
        ("ssh://-work/o/r", false),
        ("ssh://git@-work/o/r", false),
        ("@:o/r", false),
        ("git@$(id):o/r", false),
        ("ssh://git@`id`/o/r", false),
        ("git@a;id:o/r", false),
        ("ssh://git@a%20b/o/r", false),
    ] {
        sandbox.git("work", &["config", "remote.origin.url", url]);
        assert_eq!(sandbox.repo(&Hosts::GITHUB).is_ok(), is_named, "{url}");
        assert_eq!(sandbox.asked(), [""; 0], "{url}");
    }
    // And of an alias once, however many remotes have it.
    for name in ["me", "upstream", "you"] {
        sandbox.remote(name, &format!("git@work:{name}/r.git"));
    }
    assert_eq!(sandbox.repo(&Hosts::GITHUB).as_deref(), Ok("upstream/r"));
    assert_eq!(sandbox.asked(), ["-G -- work"]);
}

#[test]
fn where_ssh_does_not_tell_the_host_stands_as_it_is() {
    let sandbox = Sandbox::new();
    sandbox.remote("origin", "git@work:o/r.git");
    let as_it_stands = Hosts { known: &["work".to_owned()], ..Hosts::GITHUB };
    assert_eq!(sandbox.repo(&Hosts::GITHUB), Err(GitError::NoKnownHost));
    for script in [
        "#!/bin/sh\necho hostname github.com\nexit 255\n",
        "#!/bin/sh\necho HostName github.com\n",
        "#!/bin/sh\necho 'hostname '\n",
        "#!/bin/sh\nprintf 'hostname github.com\\377\\n'\n",
        "#!/bin/sh\necho hostname github.com\nexec sleep 60\n",
    ] {
        sandbox.ssh(script);
        let start = std::time::Instant::now();
        assert_eq!(sandbox.repo(&Hosts::GITHUB), Err(GitError::NoKnownHost), "{script}");
        assert!(start.elapsed().as_secs() < 30, "{script}");
    }
    assert_eq!(sandbox.repo(&as_it_stands).as_deref(), Ok("work/o/r"));
}

#[test]
fn the_real_ssh_is_understood() {
    if Command::new("ssh").arg("-V").output().is_err() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "ssh is missing");
        return;
    }
    let sandbox = Sandbox::new();
    // It looks for the home in the system's list of users, whatever HOME is.
    sandbox.ssh("#!/bin/sh\nexec ssh -F \"${0%ssh}config\" \"$@\"\n");
    let more = sandbox.path("more");
    fs::write(&more, "Host *-work\n  HostName github.com\n").unwrap();
    let config = format!("Include {}\nMatch host other\n  HostName ssh.github.com\n  Port 443\n", more.display());
    fs::write(sandbox.path("config"), config).unwrap();
    sandbox.remote("origin", "git@other:o/r.git");
    assert_eq!(sandbox.repo(&Hosts::GITHUB).as_deref(), Ok("o/r"));
    sandbox.remote("upstream", "git@my-work:octo-org/atlas.git");
    assert_eq!(sandbox.repo(&Hosts::GITHUB).as_deref(), Ok("octo-org/atlas"));
    sandbox.remote("github", "git@elsewhere:octo-org/atlas.git");
    sandbox.git("work", &["remote", "remove", "upstream"]);
    assert_eq!(sandbox.repo(&Hosts::GITHUB).as_deref(), Ok("o/r"));
}
