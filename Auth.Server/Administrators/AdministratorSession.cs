using System.Linq.Expressions;
using Auth.Server.Accounts;
using Auth.Server.Data;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Auth.Server.Administrators;

/// <summary>A session, which begins with a sign-in. The portal's cookie and its tokens refer to it.</summary>
internal sealed class AdministratorSession
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(8);

    /// <summary>A session that is not used ends after this time.</summary>
    public static readonly TimeSpan IdleTimeout = TimeSpan.FromMinutes(30);

    /// <summary>
    /// How long after proving their identity administrators may change who can sign in, and the credentials of
    /// identity providers.
    /// </summary>
    public static readonly TimeSpan Recent = TimeSpan.FromMinutes(10);

    public Guid Id { get; init; } = Guid.CreateVersion7();

    public required Guid AdministratorId { get; init; }

    public Administrator Administrator { get; init; } = null!;

    /// <summary>
    /// The account whose portal the session opens: the administrator's, or one that an operator looks at. Null if it
    /// opens the operator console.
    /// </summary>
    public required Guid? AccountId { get; init; }

    public Account? Account { get; init; }

    public required DateTime StartedAt { get; init; }

    /// <summary>When the session ends by itself, UTC.</summary>
    public required DateTime ExpiresAt { get; init; }

    /// <summary>When a page was last requested, accurate to a minute, UTC.</summary>
    public required DateTime LastUsedAt { get; init; }

    /// <summary>When the administrator last proved their identity, UTC.</summary>
    public required DateTime ConfirmedAt { get; init; }

    /// <summary>The IP address of the sign-in.</summary>
    public string? Address { get; init; }

    /// <summary>The browser of the sign-in, as described by <see cref="Visitor.Browser"/>.</summary>
    public string? Browser { get; init; }

    public DateTime? EndedAt { get; set; }

    /// <summary>Whether a session is live at a time: not ended, not expired and not idle for too long.</summary>
    public static Expression<Func<AdministratorSession, bool>> IsLive(DateTime now)
    {
        var used = now - IdleTimeout;
        return session => session.EndedAt == null && session.ExpiresAt > now && session.LastUsedAt > used;
    }

    internal sealed class Configuration : IEntityTypeConfiguration<AdministratorSession>
    {
        public void Configure(EntityTypeBuilder<AdministratorSession> session)
        {
            session.ToTable("Sessions");
            session.Property(s => s.Id).ValueGeneratedNever();
            session.HasOne(s => s.Administrator).WithMany().HasForeignKey(s => s.AdministratorId);
            session.HasOne(s => s.Account).WithMany().HasForeignKey(s => s.AccountId)
                .OnDelete(DeleteBehavior.Cascade);
        }
    }
}

/// <summary>The table of administrators' sessions.</summary>
internal static class SessionTables
{
    extension(AuthDbContext db)
    {
        public DbSet<AdministratorSession> Sessions => db.Set<AdministratorSession>();
    }
}
