//! The models of a run, loaded when the first file needs them: a run that
//! finds nothing changed loads none.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::anyhow;

use crate::chunk::{Window, Windows};
use crate::embed::{Embedder, ModelConfig, Roles, Runtime, TextTokenizer};
use crate::error::Advise;
use crate::plan::{IndexPlan, MODEL_HINT};

use super::flight::Role;

pub(super) struct Models<'a> {
    plan: &'a IndexPlan,
    tokenizers: &'a Roles<Arc<TextTokenizer>>,
    loaded: OnceLock<Roles<Arc<Embedder>>>,
    loading: Mutex<()>,
}

impl<'a> Models<'a> {
    pub fn new(plan: &'a IndexPlan, tokenizers: &'a Roles<Arc<TextTokenizer>>) -> Self {
        Self {
            plan,
            tokenizers,
            loaded: OnceLock::new(),
            loading: Mutex::new(()),
        }
    }

    /// The models, loaded by the first who asks.
    pub fn get(&self) -> anyhow::Result<&Roles<Arc<Embedder>>> {
        let _one_at_a_time = self.loading.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(loaded) = self.loaded.get() {
            return Ok(loaded);
        }
        let models = self.load()?;
        Ok(self.loaded.get_or_init(|| models))
    }

    /// The tokenizers of the roles.
    pub fn tokenizers(&self) -> &'a Roles<Arc<TextTokenizer>> {
        self.tokenizers
    }

    /// How many texts of a role go to one embedding thread together.
    pub fn texts_per_job(&self, role: Role) -> usize {
        let Roles { text, code } = &self.plan.models;
        let model = match role {
            Role::Text => text,
            Role::Code => code,
        };
        model.as_ref().map_or(1, ModelConfig::texts_per_job)
    }

    /// The model of a role, once it is loaded.
    pub fn of(&self, role: Role) -> Option<&Arc<Embedder>> {
        let loaded = self.loaded.get()?;
        match role {
            Role::Text => loaded.text.as_ref(),
            Role::Code => loaded.code.as_ref(),
        }
    }

    /// Gives back the memory that inference holds but does not use, if any
    /// model was loaded.
    pub fn shrink(&self) {
        let Some(Roles { text, code }) = self.loaded.get() else {
            return;
        };
        let same = matches!((text, code), (Some(a), Some(b)) if Arc::ptr_eq(a, b));
        let code = code.as_ref().filter(|_| !same);
        for embedder in text.iter().chain(code) {
            if let Err(error) = embedder.shrink() {
                tracing::warn!("memory could not be given back: {error}");
            }
        }
    }

    /// The windows that chunks are cut for. A role that is off takes no part
    /// in it, so the other one's window stands for both.
    pub fn windows(&self) -> Option<Windows<'a>> {
        let Roles { text, code } = self.tokenizers;
        let text_window = text.as_ref().or(code.as_ref())?;
        let code_window = code.as_ref().or(text.as_ref())?;
        Some(Windows {
            text: window(text_window),
            code: window(code_window),
        })
    }

    fn load(&self) -> anyhow::Result<Roles<Arc<Embedder>>> {
        let models = &self.plan.models;
        let Some(any) = models.text.as_ref().or(models.code.as_ref()) else {
            return Ok(Roles {
                text: None,
                code: None,
            });
        };
        // All run here, or all on servers.
        let runtime = any.server.is_none().then(|| {
            Runtime::load(&any.library)
                .hint("run scripts/setup, or name the library with ORT_DYLIB_PATH")
        });
        let runtime = runtime.transpose()?;
        let open = |config: &ModelConfig, tokenizer: &Arc<TextTokenizer>| match (
            &config.server,
            runtime,
        ) {
            (None, Some(runtime)) => Embedder::open(runtime, config, Arc::clone(tokenizer))
                .map(Arc::new)
                .hint(MODEL_HINT),
            (Some(server), _) => {
                let (server, tokenizer) = (Arc::clone(server), Arc::clone(tokenizer));
                Ok(Arc::new(Embedder::served(server, tokenizer)))
            }
            (None, None) => Err(anyhow!("one role runs here and the other on a server")),
        };
        let text = match (&models.text, &self.tokenizers.text) {
            (Some(config), Some(tokenizer)) => Some(open(config, tokenizer)?),
            _ => None,
        };
        let code = match (&models.code, &self.tokenizers.code) {
            // One model for both roles is loaded once.
            (Some(code), _) if models.text.as_ref().is_some_and(|text| text.id == code.id) => {
                text.clone()
            }
            (Some(config), Some(tokenizer)) => Some(open(config, tokenizer)?),
            _ => None,
        };
        Ok(Roles { text, code })
    }
}

fn window(tokenizer: &Arc<TextTokenizer>) -> Window<'_> {
    Window {
        counter: tokenizer.as_ref(),
        max_tokens: tokenizer.room(),
    }
}
