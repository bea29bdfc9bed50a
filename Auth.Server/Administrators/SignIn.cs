using Auth.Server.Audit;
using Auth.Server.Limits;
using Microsoft.AspNetCore.Identity;

namespace Auth.Server.Administrators;

/// <summary>
/// The outcome of a sign-in: a session, a time to wait, a ticket for the second step, or accounts to choose from. If
/// all are null, the password or the code was wrong.
/// </summary>
internal sealed record SignInOutcome(
    AdministratorSession? Session = null, TimeSpan? Wait = null, string? Ticket = null, AccountChoice? Choice = null);

/// <summary>
/// The administrators of several accounts whose password this is. The ticket is sent back with the choice.
/// </summary>
internal sealed record AccountChoice(string Ticket, IReadOnlyList<Administrator> Administrators);

/// <summary>
/// An administrator who knows the password and still needs a second factor. A new password changes the stamp.
/// </summary>
internal sealed record SecondStep(Guid AdministratorId, string Stamp)
{
    public static SecondStep Of(Administrator administrator) => new(administrator.Id, administrator.SecurityStamp!);
}

/// <summary>
/// Signing in: with e-mail address and password and then, if the administrator has one, a second factor; or with a
/// passkey alone. An unknown address takes as much time and gets the same response as a wrong password, and both are
/// throttled alike (<see cref="SignInThrottle"/>). The session begins only after the last step. An attempt first
/// waits in a queue (<see cref="PasswordThreads.Queue"/>); if that is full, it is refused before anything is counted
/// or looked up.
/// </summary>
internal sealed class SignIn(
    UserManager<Administrator> administrators,
    AdministratorRegister register,
    Passwords passwords,
    PasswordThreads threads,
    SignInThrottle throttle,
    SignInWaitCache waitCache,
    SecondFactorRegister factors,
    Sessions sessions,
    Tickets tickets,
    AuditTrail audit)
{
    private const string ToSecondStep = "second step";
    private const string ToChoose = "choose account";
    private static readonly TimeSpan ticketLifetime = TimeSpan.FromMinutes(10);

    public async Task<SignInOutcome> Try(
        string email, string password, Visitor visitor, CancellationToken cancellation)
    {
        // In an unknown browser, the budgets do not depend on whether an administrator has the address.
        if (visitor.Device is null && waitCache.Of(SignInBudget.ForPassword(email, null, visitor)) is { } known)
            return new(Wait: known);
        using var turn = await threads.Queue.Enter(visitor, cancellation);
        if (turn is null)
            return new(Wait: FairQueue.TryAgainAfter);
        var (right, wait) = await FindRight(email, password, visitor, cancellation);
        return right switch
        {
            [] => new(Wait: wait),
            [var administrator] => await Continue(administrator, visitor, cancellation),
            _ => new(Choice: new(
                tickets.Issue(ToChoose, new ChoosableAccounts([.. right.Select(SecondStep.Of)]), ticketLifetime),
                right)),
        };
    }

    /// <summary>
    /// Continues as the administrator of the chosen account; null if the ticket is not valid or too old, or if the
    /// password has changed.
    /// </summary>
    public async Task<SignInOutcome?> Choose(
        string? ticket, Guid administratorId, Visitor visitor, CancellationToken cancellation) =>
        tickets.Read<ChoosableAccounts>(ToChoose, ticket) is { } choosable
        && Array.Find(choosable.Steps, step => step.AdministratorId == administratorId) is { } chosen
        && await Find(chosen) is { } administrator
            ? await Continue(administrator, visitor, cancellation)
            : null;

    /// <summary>
    /// The administrator who is between the two steps; null if the ticket is not valid or too old, or if the password
    /// has changed.
    /// </summary>
    public async Task<Administrator?> FindBetweenSteps(string? ticket) =>
        tickets.Read<SecondStep>(ToSecondStep, ticket) is { } step ? await Find(step) : null;

    /// <summary>The second step: a code of the authenticator app, or a recovery code.</summary>
    public async Task<SignInOutcome> TryCode(
        Administrator administrator, string code, Visitor visitor, CancellationToken cancellation)
    {
        var budgets = SignInBudget.ForCode(administrator, visitor);
        if ((await throttle.RecordAttempt(budgets, cancellation)).Wait is { } wait)
            return new(Wait: wait);
        if (!await factors.Use(administrator.Id, code, cancellation))
        {
            await audit.Refused(
                visitor.ToActor(administrator.Email!), AuditAction.SignIn, administrator.AccountId,
                "The code of the second step was wrong.");
            return new();
        }

        await throttle.RecordSuccess(budgets, all: true, cancellation);
        return new(await sessions.Begin(administrator, visitor, cancellation));
    }

    /// <summary>Whether a signed-in person knows the password. Wrong ones are throttled as in a sign-in.</summary>
    public async Task<(bool Right, TimeSpan? Wait)> Check(
        Administrator administrator, string password, Visitor visitor, CancellationToken cancellation)
    {
        using var turn = await threads.Queue.Enter(visitor, cancellation);
        if (turn is null)
            return (false, FairQueue.TryAgainAfter);
        var budgets = SignInBudget.ForPassword(administrator.Email!, administrator, visitor);
        var guess = await Check(budgets, [administrator], password, cancellation);
        await RecordRefusal(AuditAction.ConfirmIdentity, guess, visitor);
        return (guess.Right.Count > 0, guess.Wait);
    }

    /// <summary>
    /// The administrators with an address whose password this is. In a browser that one of them has used, the attempt
    /// counts in the browser's own budget for that one, and as one of an unknown browser for those of other accounts: a
    /// person of one account must not be able to guess more often in another.
    /// </summary>
    private async Task<(IReadOnlyList<Administrator> Right, TimeSpan? Wait)> FindRight(
        string email, string password, Visitor visitor, CancellationToken cancellation)
    {
        var all = await register.FindAll(email, visitor.Site, cancellation);
        var known = all.Find(administrator => administrator.Id == visitor.Device?.AdministratorId);
        var guesses = new List<Guess>();
        if (known is not null)
            guesses.Add(await Check(SignInBudget.ForPassword(email, known, visitor), [known], password, cancellation));
        // Also without any candidate, so that it takes as long.
        if (all.Count != 1 || known is null)
        {
            guesses.Add(await Check(
                SignInBudget.ForPassword(email, null, visitor),
                all.FindAll(one => one != known),
                password,
                cancellation));
        }

        var right = guesses.SelectMany(guess => guess.Right).ToList();
        if (right.Count == 0)
            await RecordRefusal(AuditAction.SignIn, guesses[0], visitor);
        return (right, guesses.Max(guess => guess.Wait));
    }

    private async Task<Guess> Check(
        SignInBudget[] budgets,
        List<Administrator> candidates,
        string password,
        CancellationToken cancellation)
    {
        var admission = await throttle.RecordAttempt(budgets, cancellation);
        if (admission.Wait is { } wait)
            return new([], [], wait);
        var right = new List<Administrator>();
        if (candidates.Count == 0)
            await passwords.Verify(null, password);
        foreach (var candidate in candidates)
        {
            if (await passwords.Verify(candidate, password))
                right.Add(candidate);
        }
        if (right.Count == 0)
            return new(candidates, right, admission.WaitIfWrong);
        // Somebody who knows one password of an address may still be guessing another.
        await throttle.RecordSuccess(budgets, all: right.Count == candidates.Count, cancellation);
        return new(candidates, right, null);
    }

    // A throttled attempt was not checked, and an unknown address belongs to no account: neither leaves an audit entry.
    private async Task RecordRefusal(AuditAction action, Guess guess, Visitor visitor)
    {
        foreach (var administrator in guess.Right.Count == 0 ? guess.Candidates : [])
        {
            await audit.Refused(
                visitor.ToActor(administrator.Email!), action, administrator.AccountId, "The password was wrong.");
        }
    }

    private async Task<SignInOutcome> Continue(
        Administrator administrator, Visitor visitor, CancellationToken cancellation) =>
        (await factors.Of(administrator.Id, cancellation)).Any
            ? new(Ticket: tickets.Issue(ToSecondStep, SecondStep.Of(administrator), ticketLifetime))
            : new(await sessions.Begin(administrator, visitor, cancellation));

    private async Task<Administrator?> Find(SecondStep step) =>
        await administrators.FindByIdAsync(step.AdministratorId.ToString()) is { } administrator
        && administrator.SecurityStamp == step.Stamp
            ? administrator
            : null;

    /// <summary>The administrators that a password was tried for, and those whose password it is.</summary>
    private sealed record Guess(
        List<Administrator> Candidates, List<Administrator> Right, TimeSpan? Wait);

    /// <summary>The content of an <see cref="AccountChoice"/>'s ticket.</summary>
    private sealed record ChoosableAccounts(SecondStep[] Steps);
}
