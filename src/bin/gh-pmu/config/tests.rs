use super::*;
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;

fn load(variables: &[(&str, &str)], cwd: &Path) -> Result<Config, Error> {
    load_from(variables, Some(cwd))
}

fn load_from(variables: &[(&str, &str)], cwd: Option<&Path>) -> Result<Config, Error> {
    let map: HashMap<&str, &str> = variables.iter().copied().collect();
    Config::load(&|name| map.get(name).map(OsString::from), cwd)
}

#[test]
fn the_nearest_file_up_to_the_checkout_s_root_counts() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("checkout");
    let inner = root.join("a/b");
    fs::create_dir_all(&inner).unwrap();
    fs::create_dir(root.join(".git")).unwrap();
    fs::write(dir.path().join(FILE_NAME), "cache: {max_age: 1}").unwrap();
    let home = [("HOME", "/h")];
    let outside = load(&home, &inner).unwrap();
    assert_eq!((outside.file, outside.cache.max_age), (None, None));
    assert_eq!(outside.checkout.as_deref(), Some(&*root));
    fs::write(root.join(FILE_NAME), "cache: {max_age: 2}").unwrap();
    assert_eq!(load(&home, &inner).unwrap().cache.max_age, Some(2));
    fs::write(root.join("a").join(FILE_NAME), "cache: {max_age: 3}").unwrap();
    assert_eq!(load(&home, &inner).unwrap().cache.max_age, Some(3));
    let config = load(&home, &inner).unwrap();
    assert_eq!(config.manifest(config.checkout().as_ref()), Some(root.join(".github/pmu-cache.json")));
}

#[test]
fn outside_a_checkout_only_the_working_directory_s_file_counts() {
    let dir = tempfile::tempdir().unwrap();
    let inner = dir.path().join("inner");
    fs::create_dir(&inner).unwrap();
    fs::write(dir.path().join(FILE_NAME), "cache: {max_age: 1}").unwrap();
    let home = [("HOME", "/h")];
    assert_eq!(load(&home, &inner).unwrap().cache.max_age, None);
    assert_eq!(load(&home, dir.path()).unwrap().cache.max_age, Some(1));
}

#[test]
fn the_environment_s_directory_goes_before_the_file_s() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join(".git")).unwrap();
    let home = ("HOME", "/h");
    // Windows asks for the second.
    let homes = [home, ("APPDATA", "/h/.config")];
    assert_eq!(load(&homes, dir.path()).unwrap().cache_dir, Path::new("/h/.config/gh-pmu/cache"));
    fs::write(dir.path().join(FILE_NAME), "cache: {path: c}").unwrap();
    assert_eq!(load(&[home], dir.path()).unwrap().cache_dir, dir.path().join("c"));
    let elsewhere = tempfile::tempdir().unwrap();
    let absolute = load(&[home, ("GH_PMU_CACHE_DIR", elsewhere.path().to_str().unwrap())], dir.path()).unwrap();
    assert_eq!(absolute.cache_dir, elsewhere.path());
    let relative = load(&[("GH_PMU_CACHE_DIR", "e")], dir.path()).unwrap();
    assert_eq!(relative.cache_dir, dir.path().join("e"));
}

#[test]
fn without_a_home_there_is_nowhere_to_keep_a_cache() {
    let dir = tempfile::tempdir().unwrap();
    let error = load(&[], dir.path()).unwrap().check_cache_dir().unwrap_err();
    assert_eq!(error.to_string(), "there is no home directory to keep the cache in\nSet HOME or GH_PMU_CACHE_DIR.\n");
}

#[test]
fn a_repository_is_named_by_the_flag_before_the_environment() {
    let dir = tempfile::tempdir().unwrap();
    let variables = [("HOME", "/h"), ("GH_REPO", "a/b"), ("GH_HOST", "ghe.example.com")];
    let config = load(&variables, dir.path()).unwrap();
    let named = |flag| config.named_repo(flag).map(|repo| repo.map(|repo| repo.to_string()));
    assert_eq!(named(None).unwrap().as_deref(), Some("ghe.example.com/a/b"));
    assert_eq!(named(Some("github.com/o/r")).unwrap().as_deref(), Some("o/r"));
    assert_eq!(named(Some("bad")), Err(Error::new("expected the \"[HOST/]OWNER/REPO\" format, got \"bad\"")));
    assert_eq!(
        named(Some("o/..")),
        Err(Error::new(
            "expected the \"[HOST/]OWNER/REPO\" format, got \"o/..\": a repository's name has only letters, digits, \
             \"-\", \"_\" and \".\""
        ))
    );
    assert_eq!(load(&[("HOME", "/h")], dir.path()).unwrap().named_repo(None), Ok(None));
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join(FILE_NAME)).unwrap();
    let error = load(&[("HOME", "/h")], dir.path()).unwrap_err().to_string();
    assert!(error.starts_with("cannot read ") && error.ends_with(".gh-pmu.yml: it is no regular file\n"), "{error}");
}

#[test]
fn what_is_no_small_regular_file_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(FILE_NAME);
    fs::write(&file, vec![b'#'; (1 << 20) + 1]).unwrap();
    let refused = || load(&[("HOME", "/h")], dir.path()).unwrap_err().to_string();
    assert!(refused().ends_with("it is larger than 1 MiB\n"), "{}", refused());
    #[cfg(unix)]
    {
        fs::remove_file(&file).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &file).unwrap();
        assert!(refused().ends_with("it is no regular file\n"), "{}", refused());
    }
}

#[test]
fn the_file_in_dot_github_goes_before_the_other_if_it_has_the_section() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join(".github")).unwrap();
    fs::write(dir.path().join(FILE_NAME), "cache: {max_age: 1}").unwrap();
    fs::write(dir.path().join(".github/pmu.yml"), "other: 1").unwrap();
    let home = [("HOME", "/h")];
    assert_eq!(load(&home, dir.path()).unwrap().cache.max_age, Some(1));
    fs::write(dir.path().join(".github/pmu.yml"), "cache: {max_age: 2, path: c}").unwrap();
    let config = load(&home, dir.path()).unwrap();
    assert_eq!((config.cache.max_age, config.cache_dir.clone()), (Some(2), dir.path().join("c")));
    assert_eq!(config.manifest(None), Some(dir.path().join(".github/pmu-cache.json")));
}

#[test]
fn the_environment_s_directory_is_no_text_for_a_shell() {
    let dir = tempfile::tempdir().unwrap();
    let home = load(&[("HOME", "/h"), ("GH_PMU_CACHE_DIR", "~/c")], dir.path()).unwrap();
    assert_eq!(home.cache_dir, Path::new("/h/c"));
    let error = load(&[("HOME", "/h"), ("GH_PMU_CACHE_DIR", "$HOME/c")], dir.path()).unwrap_err().to_string();
    assert!(error.starts_with("GH_PMU_CACHE_DIR is $HOME/c; it may be a directory as it is"), "{error}");
}

#[test]
fn without_a_working_directory_the_rest_still_counts() {
    let config = load_from(&[("HOME", "/h"), ("APPDATA", "/h/.config")], None).unwrap();
    assert_eq!((config.cache_dir.as_path(), config.checkout()), (Path::new("/h/.config/gh-pmu/cache"), None));
}

#[test]
fn the_delegate_is_the_user_s_own_choice() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("gh-pmu")).unwrap();
    let at = dir.path().to_str().unwrap();
    let read = |variables: &[(&str, &str)]| {
        let map: HashMap<&str, &str> = variables.iter().copied().collect();
        delegate(&|name| map.get(name).map(OsString::from)).map(Option::unwrap_or_default)
    };
    let own = [("XDG_CONFIG_HOME", at)];
    assert_eq!(read(&own), Ok(Vec::new()));
    fs::write(dir.path().join("gh-pmu/config.yml"), "delegate: other --flag").unwrap();
    assert_eq!(read(&own), Ok(vec!["other".to_owned(), "--flag".to_owned()]));
    assert_eq!(read(&[("GH_PMU_DELEGATE", "x"), ("XDG_CONFIG_HOME", at)]), Ok(vec!["x".to_owned()]));
    assert!(read(&[("GH_PMU_DELEGATE", "'x")]).is_err());
}
