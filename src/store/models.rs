//! The agreement between a database and the models of a run: one width and one
//! model for each role.

use std::fmt;

use postgres::Client;

use super::archive::Archive;
use super::error::StoreError;
use crate::names::ModelId;

/// What a vector of a chunk speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Name path, signature and doc comment.
    Text,
    /// The source.
    Code,
}

impl Role {
    const ALL: [Self; 2] = [Self::Text, Self::Code];

    fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Code => "code",
        }
    }

    /// The column that holds what the model gave.
    pub(super) fn column(self) -> &'static str {
        match self {
            Self::Text => "embedding_text",
            Self::Code => "embedding_code",
        }
    }

    /// The column that says what it was made from.
    pub(super) fn key_column(self) -> &'static str {
        match self {
            Self::Text => "text_key",
            Self::Code => "code_key",
        }
    }

    /// The copy in half precision, which the readers search.
    pub(super) fn half_column(self) -> &'static str {
        match self {
            Self::Text => "embedding_text_half",
            Self::Code => "embedding_code_half",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "TEXT",
            Self::Code => "CODE",
        })
    }
}

/// The model of one role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleModel {
    /// Its id.
    pub id: ModelId,
    /// A hash of the files that decide its vectors.
    pub digest: String,
    /// How many dimensions its vectors have.
    pub width: usize,
}

/// The models of a run; a role that is turned off has none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Models {
    /// Of the TEXT role.
    pub text: Option<RoleModel>,
    /// Of the CODE role.
    pub code: Option<RoleModel>,
}

impl Models {
    /// The model of `role`.
    #[must_use]
    pub fn of(&self, role: Role) -> Option<&RoleModel> {
        match role {
            Role::Text => self.text.as_ref(),
            Role::Code => self.code.as_ref(),
        }
    }

    /// The width for the columns of `role`: if it is turned off, that of the
    /// other role, so that it can be turned on later with a like model.
    fn width_for(&self, role: Role) -> Option<usize> {
        let chosen = self.of(role).or(self.text.as_ref()).or(self.code.as_ref());
        chosen.map(|model| model.width)
    }
}

/// A model as the database knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredModel {
    /// Its id.
    pub id: String,
    /// A hash of its files.
    pub digest: String,
}

impl fmt::Display for StoredModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let short: String = self.digest.chars().take(8).collect();
        write!(f, "{} ({short})", self.id)
    }
}

impl Archive {
    /// The model that made the vectors of `role`, if there are any.
    ///
    /// # Errors
    /// [`StoreError::Sql`] if the database cannot be asked.
    pub fn model_of(&mut self, role: Role) -> Result<Option<StoredModel>, StoreError> {
        if has_vectors(&mut self.client, role)? {
            stored_model(&mut self.client, role)
        } else {
            Ok(None)
        }
    }
}

/// Makes the database agree with `models`, or refuses.
///
/// Columns whose width is not set yet get that of their model, and so do those
/// of a database of ours that holds no vector of the role: a first run that
/// failed must not tie the database to its models for ever.
pub(super) fn agree(client: &mut Client, models: &Models, ours: bool) -> Result<(), StoreError> {
    for role in Role::ALL {
        if let Some(width) = models.width_for(role) {
            let claim = Claim {
                role,
                width,
                model: models.of(role),
                ours,
            };
            agree_on_width(client, &claim)?;
        }
        if let Some(model) = models.of(role) {
            agree_on_model(client, model, role)?;
        }
    }
    Ok(())
}

/// What a run needs of a role's columns.
struct Claim<'a> {
    role: Role,
    /// In dimensions.
    width: usize,
    /// `None` if the role is turned off.
    model: Option<&'a RoleModel>,
    /// Whether the table is one that we made.
    ours: bool,
}

fn agree_on_width(client: &mut Client, claim: &Claim<'_>) -> Result<(), StoreError> {
    for (column, kind) in [
        (claim.role.column(), "vector"),
        (claim.role.half_column(), "halfvec"),
    ] {
        let stored = column_width(client, column)?;
        if stored != Some(claim.width) && may_set_width(client, claim, stored)? {
            set_width(client, column, &format!("{kind}({})", claim.width))?;
        }
    }
    Ok(())
}

/// Whether the column may be changed to what is claimed; false if that need not be.
fn may_set_width(
    client: &mut Client,
    claim: &Claim<'_>,
    stored: Option<usize>,
) -> Result<bool, StoreError> {
    let Some(stored) = stored else {
        return Ok(true);
    };
    let Some(model) = claim.model else {
        return Ok(false);
    };
    if claim.ours && !has_vectors(client, claim.role)? {
        return Ok(true);
    }
    let (role, wanted, model) = (claim.role, claim.width, model.id.to_string());
    Err(StoreError::OtherWidth {
        role,
        stored,
        wanted,
        model,
    })
}

/// The dimensions of a vector column; `None` if it takes any.
fn column_width(client: &mut Client, column: &str) -> Result<Option<usize>, StoreError> {
    let row = client
        .query_one(
            "SELECT atttypmod FROM pg_attribute WHERE attrelid = 'code_chunks'::regclass AND attname = $1",
            &[&column],
        )
        .map_err(StoreError::sql("read the width of the vectors"))?;
    Ok(usize::try_from(row.get::<_, i32>(0)).ok())
}

/// A vector index is tied to its column's width, so it goes; `finish` builds it again.
fn set_width(client: &mut Client, column: &str, kind: &str) -> Result<(), StoreError> {
    let index = super::vector_index::name_of(column);
    client
        .batch_execute(&format!(
            "BEGIN; DROP INDEX IF EXISTS {index}; ALTER TABLE code_chunks ALTER COLUMN {column} TYPE {kind}; COMMIT"
        ))
        .map_err(StoreError::sql("set the width of the vectors"))
}

fn has_vectors(client: &mut Client, role: Role) -> Result<bool, StoreError> {
    let column = role.column();
    client
        .query_one(
            &format!("SELECT EXISTS (SELECT FROM code_chunks WHERE {column} IS NOT NULL)"),
            &[],
        )
        .map(|row| row.get(0))
        .map_err(StoreError::sql("look for stored vectors"))
}

fn agree_on_model(client: &mut Client, model: &RoleModel, role: Role) -> Result<(), StoreError> {
    let wanted = StoredModel {
        id: model.id.to_string(),
        digest: model.digest.clone(),
    };
    let stored = stored_model(client, role)?;
    if stored.as_ref() == Some(&wanted) {
        return Ok(());
    }
    match (stored, has_vectors(client, role)?) {
        (Some(stored), true) => Err(StoreError::OtherModel {
            role,
            stored,
            wanted,
        }),
        (None, true) => {
            // MnemoLite does not record its models; its users chose the same pair.
            tracing::warn!(%role, model = %wanted, "vectors without a recorded model are taken for this one's");
            record(client, model, role)
        }
        (_, false) => record(client, model, role),
    }
}

fn stored_model(client: &mut Client, role: Role) -> Result<Option<StoredModel>, StoreError> {
    client
        .query_opt(
            "SELECT model_id, model_digest FROM embedding_models WHERE role = $1",
            &[&role.as_str()],
        )
        .map(|row| {
            row.map(|row| StoredModel {
                id: row.get(0),
                digest: row.get(1),
            })
        })
        .map_err(StoreError::sql("read the models of the database"))
}

fn record(client: &mut Client, model: &RoleModel, role: Role) -> Result<(), StoreError> {
    let width = i32::try_from(model.width).unwrap_or(i32::MAX);
    client
        .execute(
            "INSERT INTO embedding_models (role, model_id, model_digest, width) VALUES ($1, $2, $3, $4)
             ON CONFLICT (role) DO UPDATE SET model_id = EXCLUDED.model_id,
                 model_digest = EXCLUDED.model_digest, width = EXCLUDED.width, recorded_at = EXCLUDED.recorded_at",
            &[&role.as_str(), &model.id.as_str(), &model.digest, &width],
        )
        .map(drop)
        .map_err(StoreError::sql("record the model"))
}
