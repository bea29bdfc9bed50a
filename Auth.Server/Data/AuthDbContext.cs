using Auth.Server.Accounts;
using Auth.Server.Administrators;
using Auth.Server.Audit;
using Auth.Server.Connect;
using Auth.Server.Credentials;
using Auth.Server.Events;
using Auth.Server.Keys;
using Auth.Server.Management;
using Auth.Server.Pages;
using Microsoft.AspNetCore.DataProtection.EntityFrameworkCore;
using Microsoft.AspNetCore.Identity.EntityFrameworkCore;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace Auth.Server.Data;

/// <summary>
/// The auth database: accounts, administrators, credential sets, tokens and keys. One model on two databases; each has a
/// context of its own to which its migrations belong. A context is used again and again, so it remembers nothing.
/// </summary>
internal abstract class AuthDbContext(DbContextOptions options)
    : IdentityUserContext<Administrator, Guid>(options), IDataProtectionKeyContext
{
    public DbSet<Account> Accounts => Set<Account>();

    public DbSet<CredentialSet> CredentialSets => Set<CredentialSet>();

    public DbSet<Client> Clients => Set<Client>();

    public DbSet<Grant> Grants => Set<Grant>();

    public DbSet<Token> Tokens => Set<Token>();

    public DbSet<RememberedCall> RememberedCalls => Set<RememberedCall>();

    public DbSet<UsedAssertion> UsedAssertions => Set<UsedAssertion>();

    public DbSet<AdministratorSession> Sessions => Set<AdministratorSession>();

    public DbSet<SignInAttempts> SignInAttempts => Set<SignInAttempts>();

    public DbSet<AuthenticatorApp> AuthenticatorApps => Set<AuthenticatorApp>();

    public DbSet<RecoveryCode> RecoveryCodes => Set<RecoveryCode>();

    public DbSet<UsedChallenge> UsedChallenges => Set<UsedChallenge>();

    public DbSet<Invitation> Invitations => Set<Invitation>();

    public DbSet<ServerKey> Keys => Set<ServerKey>();

    public DbSet<AuditEntry> AuditEntries => Set<AuditEntry>();

    public DbSet<PendingAction> PendingActions => Set<PendingAction>();

    public DbSet<RememberedForm> RememberedForms => Set<RememberedForm>();

    public DbSet<Event> Events => Set<Event>();

    public DbSet<EventCounter> EventCounter => Set<EventCounter>();

    public DbSet<Node> Nodes => Set<Node>();

    public DbSet<DataProtectionKey> DataProtectionKeys => Set<DataProtectionKey>();

    /// <summary>
    /// Begins the transaction of a write: on SQLite at once as the one writer (<c>BEGIN IMMEDIATE</c>), when its turn has
    /// come at the <see cref="WriterGate"/>.
    /// </summary>
    public async Task<WriteTransaction> BeginWrite(CancellationToken cancellation)
    {
        // On SQLite it would wait for itself.
        if (Database.CurrentTransaction is not null)
            throw new InvalidOperationException("A transaction is under way in this scope.");
        return new WriteTransaction(await Database.BeginTransactionAsync(cancellation));
    }

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder) =>
        configurationBuilder.Properties<DateTime>().HaveConversion<UtcConverter>();

    protected override void OnModelCreating(ModelBuilder builder)
    {
        base.OnModelCreating(builder);
        builder.ApplyConfigurationsFromAssembly(typeof(AuthDbContext).Assembly);
    }
}

/// <summary>The auth database in a SQLite file, for one process.</summary>
internal sealed class SqliteAuthDbContext : AuthDbContext
{
    /// <summary>
    /// A connection that EF makes gets a dozen functions of EF's at every opening, which costs more than most queries and
    /// serves none of ours.
    /// </summary>
    public SqliteAuthDbContext(DbContextOptions<SqliteAuthDbContext> options)
        : base(options)
    {
        Database.SetDbConnection(new SqliteConnection(Database.GetConnectionString()), contextOwnsConnection: true);
        // A save enters the gate with its transaction, so it always has one.
        Database.AutoTransactionBehavior = AutoTransactionBehavior.Always;
    }
}

/// <summary>The auth database on PostgreSQL, for any number of nodes.</summary>
internal sealed class PostgresAuthDbContext(DbContextOptions<PostgresAuthDbContext> options) : AuthDbContext(options);
