//! The servers that embed, instead of models that run here.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};

use super::home::{self, Home};
use crate::cli::{ModelArgs, RoleArg, ServerArgs};
use crate::embed::{Key, ModelConfig, Provider, Roles, Served, ServerConfig, ServerError};
use crate::error::{Advise, advised};
use crate::exit::Exit;
use crate::store::Role;

/// What is asked of servers.
pub(super) struct Servers {
    text: Option<ServerConfig>,
    code: Option<ServerConfig>,
    /// Requests under way at once.
    pub concurrency: usize,
}

/// What was typed of servers, if anything was.
pub(super) fn servers(args: &ServerArgs, patience: Duration) -> anyhow::Result<Option<Servers>> {
    if args.embed_url.iter().all(String::is_empty) {
        return Ok(None);
    }
    let key = key(args.embed_key_file.as_deref())?;
    let config = |role| {
        let url = of_role(&args.embed_url, role)?;
        Some(ServerConfig {
            url: url.to_owned(),
            model: of_role(&args.embed_model, role).map(str::to_owned),
            key: key.clone(),
            patience,
            max_batch: args.embed_batch.into(),
            max_tokens: args.embed_max_tokens.map(|tokens| tokens as usize),
        })
    };
    Ok(Some(Servers {
        text: config(RoleArg::Text),
        code: config(RoleArg::Code),
        concurrency: args.embed_concurrency.into(),
    }))
}

/// What is said for `role`, else for both.
fn of_role(values: &[String], role: RoleArg) -> Option<&str> {
    let prefix = match role {
        RoleArg::Text => "text=",
        RoleArg::Code => "code=",
    };
    let own = values.iter().find_map(|value| value.strip_prefix(prefix));
    let is_for_both = |value: &&String| !value.starts_with("text=") && !value.starts_with("code=");
    own.or_else(|| values.iter().find(is_for_both).map(String::as_str))
}

fn key(file: Option<&Path>) -> anyhow::Result<Option<Key>> {
    let Some(file) = file else {
        return Ok(home::secret("MNEMO_EMBED_KEY").and_then(|text| Key::new(&text)));
    };
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read {}", file.display()))
        .exit(
            Exit::Usage,
            "--embed-key-file names a file with the key alone",
        )?;
    Ok(Key::new(&text))
}

impl Servers {
    /// Meets the server of a role.
    pub(super) fn met(&self, role: Role, folder: &Path) -> anyhow::Result<ModelConfig> {
        let config = match role {
            Role::Text => self.text.as_ref(),
            Role::Code => self.code.as_ref(),
        };
        let config = config.ok_or_else(|| anyhow!("one role has a server and the other has none"));
        meet(config.exit(Exit::Usage, "give each role a server")?, folder)
    }
}

/// Meets the servers of the roles that are turned on; one that has both is met once.
pub(super) fn served_models(
    args: &ModelArgs,
    servers: &Servers,
    home: &Home,
) -> anyhow::Result<Roles<ModelConfig>> {
    let folder = home.models(args.models_dir.as_deref())?;
    let wanted = |role, config| -> anyhow::Result<Option<&ServerConfig>> {
        if !args.roles.contains(&role) {
            return Ok(None);
        }
        let missing = || anyhow!("one role has a server and the other has none");
        Option::ok_or_else(config, missing).map(Some).exit(
            Exit::Usage,
            "give each role a server, or leave one out with --roles",
        )
    };
    let text = wanted(RoleArg::Text, servers.text.as_ref())?;
    let code = wanted(RoleArg::Code, servers.code.as_ref())?;
    let met = text.map(|config| meet(config, &folder)).transpose()?;
    let code = match (text, code) {
        (Some(a), Some(b)) if a.url == b.url && a.model == b.model => met.clone(),
        (_, code) => code.map(|config| meet(config, &folder)).transpose()?,
    };
    Ok(Roles { text: met, code })
}

fn meet(config: &ServerConfig, folder: &Path) -> anyhow::Result<ModelConfig> {
    let served = Served::meet(config).map_err(|error| {
        let exit = match error {
            ServerError::Url { .. } => Exit::Usage,
            _ => Exit::Failure,
        };
        let advice = error.advice();
        advised(error.into(), exit, advice)
    })?;
    let id = served
        .id()
        .ok_or_else(|| anyhow!("the server's model has no name that can be stored"))
        .hint("name another one with --embed-model")?;
    let model = ModelConfig {
        id,
        models: folder.to_owned(),
        library: PathBuf::new().into(),
        provider: Provider::Cpu,
        precision: None,
        server: Some(Arc::new(served)),
    };
    model
        .manifest()
        .hint("is it the model of that name? name another one with --embed-model")?;
    Ok(model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_a_server_of_its_own_or_that_of_both() {
        let values = ["code=http://b", "http://a"].map(str::to_owned);
        assert_eq!(of_role(&values, RoleArg::Text), Some("http://a"));
        assert_eq!(of_role(&values, RoleArg::Code), Some("http://b"));
        assert_eq!(of_role(&values[..1], RoleArg::Text), None);
    }

    #[test]
    fn a_key_is_never_shown() {
        let key = Key::new("s3cret\n").unwrap();
        assert!(!format!("{key:?}").contains("s3cret"));
        assert!(Key::new(" \n").is_none());
    }
}
