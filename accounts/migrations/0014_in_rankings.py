"""Whether a workspace's use is counted in the public rankings: not unless it says so."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0013_legal_texts")]

    operations = [
        migrations.AddField(
            model_name="workspace",
            name="in_rankings",
            field=models.BooleanField(
                default=False,
                db_default=False,
                help_text="Its tokens count in the sums at /rankings; its owners and admins say so.",
                verbose_name="counted in the public rankings",
            ),
        ),
    ]
